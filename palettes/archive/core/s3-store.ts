import type { S3Settings } from './settings.ts'
import type { Store } from './store.ts'
export function openS3(_settings: S3Settings): Store {
  throw new Error('not yet')
}

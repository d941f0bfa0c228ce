import type { AzureSettings } from './settings.ts'
import type { Store } from './store.ts'
export function openAzure(_settings: AzureSettings): Store {
  throw new Error('not yet')
}

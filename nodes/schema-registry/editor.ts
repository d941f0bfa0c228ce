import { offersServices } from '../../core/editor/services.ts'
import type { EditorHooks } from '../../core/editor/types.ts'
import { serviceOf } from './services.ts'

export default {
  ...offersServices(serviceOf),
  label: ({ url }) => String(url).replace(/^\w+:\/\//, '')
} satisfies EditorHooks

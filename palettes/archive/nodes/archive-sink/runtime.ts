import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineSink, userDirOf } from '@millrace/node-red-telemetry'
import type { ArchiveStore } from '../../core/archive-store.ts'
import { ArchiveSink } from './archive-sink.ts'
import { planOf } from './logic.ts'
import { previewed } from './preview.ts'
import { spec } from './spec.ts'

export default defineSink(
  spec,
  (context, port) => {
    const { options, id, RED } = context
    const plan = planOf(options, spec.label, id)
    const folder = join(userDirOf(RED) ?? tmpdir(), 'millrace', 'archive', encodeURIComponent(id))
    const store = context.provided<ArchiveStore>('store')
    return new ArchiveSink({ context, store, plan, port, folder })
  },
  { service: 'the store', preview: { make: previewed } }
)

import { tmpdir } from 'node:os'
import { defineNode, userDirOf } from '@millrace/node-red-telemetry'
import { ArchiveStore } from '../../core/archive-store.ts'
import { describeStore, templatesOf } from '../../core/describe-store.ts'
import { type StoreOptions, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

let userDir = tmpdir()

const define = defineNode(
  spec,
  ({ options }) => {
    const store = new ArchiveStore(settingsOf(options, userDir))
    return { provides: store, close: () => store.close() }
  },
  {
    test: (options, { signal }) => describeStore(settingsOf(options, userDir), signal),
    'millrace-archive-store:names': (options: StoreOptions, { signal }) =>
      templatesOf(settingsOf(options, userDir), signal)
  }
)

export default (RED: Parameters<typeof define>[0]): void => {
  userDir = userDirOf(RED) ?? userDir
  define(RED)
}

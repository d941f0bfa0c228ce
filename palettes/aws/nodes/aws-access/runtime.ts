import { defineNode } from '@millrace/node-red-telemetry'
import { listen } from '../../core/listen.ts'
import { describeAccess, streamNames } from '../../core/streams.ts'
import { accessOf } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(spec, ({ options }) => ({ provides: accessOf(options) }), {
  test: (options, { signal }) => describeAccess(accessOf(options), signal),
  'millrace-aws-access:stream:names': (options, { signal }) =>
    streamNames(accessOf(options), signal),
  'millrace-aws-access:messages': (options, { signal, query }) =>
    listen(accessOf(options), query.stream ?? '', signal)
})

/**
 * The door for palettes of others: what a node needs to take part in the delivery guarantee. What
 * stands here keeps its form within a major version; everything else of core may change.
 */
export { type BackoffOptions, backoffMs, pause, type Retries, retrying } from './backoff.ts'
export type { Confirmed, Tracker } from './delivery/types.ts'
export { MillraceError, reasonOf } from './errors.ts'
export {
  type Behaviour,
  type Context,
  type Done,
  defineNode,
  type Outputs
} from './node/define-node.ts'
export {
  type ByOutput,
  defineTransform,
  type Sort,
  type Sorted,
  type Transform
} from './node/define-transform.ts'
export type { Migrations, Saved } from './node/migrate.ts'
export type { Field, NodeSpec, Options } from './node/spec.ts'
export { OptionsError } from './options-error.ts'
export { getter, isFieldPath, setField } from './record/field-path.ts'
export { countOf, type Message, recordsOf } from './record/message.ts'
export { unfitness } from './record/parse-record.ts'
export {
  inherit,
  isRejection,
  type Reason,
  type Rejection,
  reject,
  type TelemetryRecord
} from './record/record.ts'
export { defineSink, type Open } from './sink/define-sink.ts'
export type {
  OpenSink,
  SinkExtras,
  SinkPort,
  SinkTrouble,
  WriteRequest,
  WriteResult
} from './sink/types.ts'
export {
  defineSource,
  type OpenSource,
  type SourceContext,
  type SourceExtras,
  type SourceSpec,
  type SourceTrouble
} from './source/define-source.ts'
export { sourceFields } from './source/fields.ts'
export type { DeliverySource } from './source/source.ts'
export type { Split, TakenBatch, TakenMessage, Waiting } from './source/types.ts'

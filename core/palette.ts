/**
 * The door for palettes beside this one: what a node needs to take part in the delivery guarantee.
 * What stands here keeps its form within a major version; everything else of core may change.
 * docs/palettes.md says what each is for.
 */
export { urlProblems } from './address.ts'
export { checksOff } from './advice/field.ts'
export {
  type BackoffOptions,
  backoffMs,
  pause,
  Restarts,
  type Retries,
  retrying
} from './backoff.ts'
export { encodeRejection } from './dead-letter/encode.ts'
export type { HeldPart, LaneHolder, PassedPart } from './delivery/held-lanes.ts'
export type { Confirmed, Tracker } from './delivery/types.ts'
export type { Closing } from './deployments.ts'
export { durationMs } from './duration.ts'
export { type Code, MillraceError, reasonOf } from './errors.ts'
export { placingProblems } from './format/check.ts'
export { format, formatDefaults, formatFields, formatFieldsWhen } from './format/fields.ts'
export { FORMATS, type Format } from './format/names.ts'
export { placedPieces, refusal } from './format/placed.ts'
export { type LoadingReader, loadingReader, type ReaderOptions } from './format/reader.ts'
export type { Finding, Learn, Observed } from './learn/learned.ts'
export { sourceFormat } from './learn/source-format.ts'
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
export { Outage } from './node/outage.ts'
export { namedTextColumns, payloadFields } from './node/payload-fields.ts'
export type { Previewed, SortedSample } from './node/preview.ts'
export { withDeadline } from './node/probe/deadline.ts'
export type { Asked, Heard, Probes } from './node/probe.ts'
export type {
  ChoiceField,
  Column,
  Field,
  ListField,
  NodeSpec,
  NumberField,
  Options,
  RefField,
  TextField
} from './node/spec.ts'
export { compact } from './node/status.ts'
export { OptionsError, type Problem } from './options-error.ts'
export { PACES, type Pace } from './pace.ts'
export { isExactNumber } from './record/exact-decimal.ts'
export { getter, isFieldPath, setField } from './record/field-path.ts'
export { FILL_IN, type FillIn } from './record/fill-in.ts'
export { instantMicros } from './record/instant-micros.ts'
export { jsonText } from './record/json-write.ts'
export { countOf, type Message, recordsOf } from './record/message.ts'
export { ParseFailure } from './record/parse-failure.ts'
export { parseRecord, unfitness } from './record/parse-record.ts'
export {
  lacking,
  namedTexts,
  type PayloadOptions,
  type PublishedPayload,
  payloads,
  Unpublishable
} from './record/payload.ts'
export {
  type Batch,
  type Headers,
  type HeaderValue,
  inherit,
  isRejection,
  lastHeader,
  type Origin,
  Provenance,
  provenanceOf,
  type Reason,
  type Rejection,
  reject,
  setHeader,
  type Taken,
  type TelemetryRecord
} from './record/record.ts'
export { SlicedQueue, type SlicedWork } from './record/sliced-queue.ts'
export { type TextTemplate, textTemplate } from './record/text-template.ts'
export { compileTopicTemplate, type TopicTemplate } from './record/topic-template.ts'
export { WINS, type Wins, winsOf } from './record/wins.ts'
export { defineSink, type Open } from './sink/define-sink.ts'
export { PublishedRecords } from './sink/published-records.ts'
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
export { sourceFields, WAITS } from './source/fields.ts'
export { type DeliverySource, MAX_IN_FLIGHT_BYTES } from './source/source.ts'
export { carefulSentence, killsReason, type Trials, userDirOf } from './source/trials.ts'
export type {
  Split,
  SplitPiece,
  TakenBatch,
  TakenMany,
  TakenMessage,
  Waiting
} from './source/types.ts'
export type { MakeMemory, Remembering } from './state/counted-engine.ts'
export { defineMemory, type MemoryExtras } from './state/define-memory.ts'
export { memoryFields } from './state/fields.ts'
export { keyBy, TIMELESS, timeBy } from './state/keyed.ts'
export type { BoundOptions, ClockOptions, Memory, Turn } from './state/types.ts'
export { ThrottledNotice } from './throttled-notice.ts'
export { TLS_UNUSABLE, type TlsOptions, tlsOptionsOf } from './tls.ts'
export { BodyMemory, Share } from './upload/body-memory.ts'
export { type BodyDelivery, type BodyFlow, deliverBody } from './upload/deliver.ts'
export { BodyOutcome, type NamedRefusal } from './upload/outcome.ts'
export {
  type ArrivedBody,
  PathRecords,
  type PathRecordsOptions,
  type ReadBody
} from './upload/path-records.ts'
export { isSameSecret } from './upload/same-secret.ts'

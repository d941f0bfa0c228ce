/** The promises of a node as checks, for the tests of any palette: see docs/palettes.md. */
export { type ConformanceCheck, checks } from './checks.ts'
export { conformanceNodes, type Fed, feedOf } from './nodes.ts'
export type { ConformanceNode, Harness, Subject } from './run.ts'
export {
  type FedPlace,
  type SourceCheck,
  type SourceSubject,
  sourceChecks
} from './source-checks.ts'

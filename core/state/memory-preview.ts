import type { Make } from '../node/preview.ts'
import type { NodeSpec } from '../node/spec.ts'
import { recordsOf } from '../record/message.ts'
import { CountedEngine, type MakeMemory, outputsOf } from './counted-engine.ts'
import { attemptOf } from './counted-records.ts'
import { drawing } from './time-line.ts'

/**
 * The node of a dialog that is open: it takes the samples in their order, and keeps nothing.
 * @param otherwise makes it where nothing need be remembered
 */
export const memoryPreview =
  <S extends NodeSpec, State>(spec: S, make: MakeMemory<S, State>, otherwise?: Make<S>): Make<S> =>
  (options, say, provided) => {
    const remembering = make(options, say)
    if (remembering === undefined) return otherwise!(options, say, provided)
    const { count, rejected } = outputsOf(spec, remembering)
    return {
      sort(message) {
        const { drawn } = remembering
        const sketch = drawn && drawing(remembering.memory, drawn)
        const engine = new CountedEngine(sketch ? { ...remembering, ...sketch } : remembering, {
          outputs: count,
          rejectedOutput: rejected,
          stage: spec.type.replace(/^millrace-/, '')
        })
        engine.taking.begin()
        const attempt = attemptOf(message, message)
        const nowMs = Date.now()
        engine.expect(remembering.expected ?? [], nowMs)
        for (const [index, record] of recordsOf(message.payload).entries())
          engine.take(record, index, attempt, nowMs, message)
        const { outputs, tally } = engine.taking
        const { filtered } = tally
        const { previewMs } = remembering
        if (previewMs !== undefined) engine.pass(nowMs + previewMs)
        const then = previewMs === undefined ? [] : engine.taking.outputs
        return {
          outputs: outputs.map((records, index) => [...records, ...(then[index] ?? [])]),
          filtered: filtered + engine.waiting,
          ...(sketch && { line: sketch.line })
        }
      }
    }
  }

import assert from 'node:assert/strict'
import { type Example, type NodeSpec, type Options, parseOptions } from '../../core/node/spec.ts'
import { answer, type Message } from '../../core/record/message.ts'

type Sorted = readonly (readonly unknown[])[]
type Sort = (message: Message) => Sorted | Promise<Sorted>

/**
 * Runs the examples of a spec through the logic of its room: a payload goes in, and payloads (or
 * null) come out.
 */
export function itRunsItsExamples<S extends NodeSpec>(
  spec: S,
  start: (options: Options<S>) => Sort | Promise<Sort>
): void {
  const examples: readonly Example[] = spec.examples ?? []
  for (const example of examples) {
    it(`example: ${example.name}`, async () => {
      const sort = await start(parseOptions(spec, example.options ?? {}))
      const message: Message = {
        payload: structuredClone(example.given),
        ...(example.topic ? { topic: example.topic } : {})
      }
      const payloads = answer(message, await sort(message)).map(one => one?.payload ?? null)
      assert.deepEqual(JSON.parse(JSON.stringify(payloads)), example.then)
    })
  }
}

/**
 * True if `all` is the parts laid together, each part in its own order: nothing lost, nothing
 * twice, nothing overtaken.
 */
export function isMerged(
  all: readonly unknown[],
  ...parts: readonly (readonly unknown[])[]
): boolean {
  const at = parts.map(() => 0)
  return (
    all.every(record => {
      const part = parts.findIndex(
        (records, index) => Object.is(records[at[index]!], record) && at[index]! < records.length
      )
      if (part >= 0) at[part]!++
      return part >= 0
    }) && parts.every((records, index) => at[index] === records.length)
  )
}

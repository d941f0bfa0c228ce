import assert from 'node:assert/strict'
import fc from 'fast-check'
import { reshaped } from './reshape-of.ts'

describe('nodes/reshape, names of metrics', () => {
  it('gives no metric twice, whatever the names and the separator', async () => {
    type Given = { [name: string]: Given | number }
    const separator = fc.constantFrom('.', '_', '__', '._', '_._', '/')
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '_', '.', '/'), maxLength: 3 })
    const { given } = fc.letrec<{ given: Given; inner: Given | number }>(tie => ({
      inner: fc.oneof({ depthSize: 'medium' }, fc.nat(9), tie('given')),
      given: fc.dictionary(name, tie('inner'), { maxKeys: 5 })
    }))
    const metricsOf = (object: Given, by: string, prefix = ''): string[] =>
      Object.entries(object).flatMap(([key, value]) => {
        const metric = prefix === '' ? key : prefix + by + key
        return typeof value === 'number' ? [metric] : metricsOf(value, by, metric)
      })
    const known: [Given, string][] = [
      [{ a_: { b: 1 }, a: { _b: 2 } }, '__'],
      [{ '': { b: 1 }, b: 2 }, '.'],
      [{ b: 1, '': { b: 2 } }, '.']
    ]
    const holds = async (record: Given, by: string) => {
      const { rows, rejected } = await reshaped({ keep: [], separator: by }, record)
      const metrics = metricsOf(record, by)
      const once = new Set(metrics)
      if (once.size === 0) return
      assert.deepEqual(
        rows.map(({ metric }) => metric),
        [...once]
      )
      assert.deepEqual(
        rejected.map(({ reason }) => reason.code),
        Array(metrics.length - once.size).fill('METRIC_TWICE')
      )
    }
    await fc.assert(fc.asyncProperty(given, separator, holds), { numRuns: 1000, examples: known })
  })
})

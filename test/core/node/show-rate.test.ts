import assert from 'node:assert/strict'
import { NodeMetrics } from '../../../core/node/metrics.ts'
import { rateText, showRate, sourceText } from '../../../core/node/show-rate.ts'
import type { Status } from '../../../core/node/status.ts'
import { until } from '../../until.ts'

const none = { rejected: 0, leadingCode: undefined }
const rejected = (records: number, leadingCode?: string) => ({ rejected: records, leadingCode })

describe('the status of a transform', () => {
  const cases: [found: string, expected: string][] = [
    [rateText(5230, none), '5.2k/s'],
    [rateText(5230, none, 'rule 2: nothing yet'), '5.2k/s · rule 2: nothing yet'],
    [rateText(5230, rejected(3)), '5.2k/s · 3 rejected'],
    [rateText(0, rejected(3, 'JSON_INVALID')), '0/s · 3 rejected: JSON_INVALID'],
    [rateText(5230, rejected(3, 'UNKNOWN_DEVICE')), '5.2k/s · 3 UNKNOWN_DEVICE'],
    [rateText(118_000, rejected(4200, 'TS_NONEXISTENT_LOCAL')), '4.2k TS_NONEXISTENT_LOCAL'],
    [rateText(1, rejected(3, 'TS_PAST'), '2 new devices'), '3 TS_PAST · 2 new devices']
  ]
  for (const [found, expected] of cases) it(expected, () => assert.equal(found, expected))
})

describe('a note that fails', () => {
  it('is shown by why it does, and ends nothing', async () => {
    const metrics = new NodeMetrics('a', 'millrace-test', '')
    metrics.in = 1
    let shown = ''
    const healthy = (text: string) => {
      shown = text
    }
    const status = { healthy } as unknown as Status
    const stop = showRate(status, metrics, undefined, () => {
      throw new Error('no such field')
    })
    await until('a status', () => shown !== '')
    stop()
    assert.match(shown, /no such field/)
  })
})

describe('the status of a source', () => {
  const metrics = new NodeMetrics('a', 'millrace-kafka-consumer', '')

  it('names only what it has rejected itself', () => {
    metrics.rejected = 9
    assert.equal(sourceText(metrics, '5.2k/s · lag 200'), '5.2k/s · lag 200')
    metrics.countCode('JSON_INVALID', 3)
    assert.equal(sourceText(metrics, '5.2k/s · 200 in flight'), '5.2k/s · 3 JSON_INVALID')
    assert.equal(sourceText(metrics, '0/s · lag 0'), '0/s · lag 0 · 3 JSON_INVALID')
  })

  const refused = (refusedHere: number, leadingCode: string) => ({ refusedHere, leadingCode })
  const cases: [working: string, lag: string, records: number, code: string, expected: string][] = [
    ['0/s · lag 0', 'lag 0', 3, 'JSON_INVALID', '0/s · lag 0 · 3 JSON_INVALID'],
    ['5.2k/s · lag 200', 'lag 200', 3, 'JSON_INVALID', 'lag 200 · 3 JSON_INVALID'],
    ['5.2k/s · lag 2k', 'lag 2k', 4200, 'NUMBER_INEXACT', 'lag 2k · 4.2k NUMBER_INEXACT'],
    ['5.2k/s · lag 33.9k', 'lag 33.9k', 4200, 'COMPRESSION_INVALID', 'lag 33.9k · 4.2k rejected']
  ]
  for (const [working, lag, records, code, expected] of cases)
    it(`the lag wins over what was rejected: ${expected}`, () => {
      assert.equal(sourceText(refused(records, code), working, lag), expected)
    })
})

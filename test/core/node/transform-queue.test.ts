import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MillraceError } from '../../../core/errors.ts'
import { NodeMetrics } from '../../../core/node/metrics.ts'
import { TransformQueue } from '../../../core/node/transform-queue.ts'

type Kind = 'now' | 'later' | 'fails' | 'fails later'
const failsAt = (kind: Kind) => kind.startsWith('fails')

function queueOf(
  givenUp: ReadonlySet<unknown> = new Set(),
  mostWaiting = Number.POSITIVE_INFINITY
) {
  const metrics = new NodeMetrics('id', 'millrace-test', '')
  const transformed: unknown[] = []
  const ended: string[] = []
  const transform = ({ payload, kind }: { payload?: unknown; kind?: unknown }) => {
    transformed.push(payload)
    const result = () => {
      if (failsAt(kind as Kind)) throw new Error('no')
      return [{ payload }, null]
    }
    return String(kind).endsWith('later') ? new Promise(setImmediate).then(result) : result()
  }
  const tracker = {
    touch() {},
    isGivenUp: ({ payload }: { payload?: unknown }) => givenUp.has(payload)
  }
  const limit = {
    refusal: (_message: object, _records: number, waiting: number) =>
      waiting >= mostWaiting ? new MillraceError('QUEUE_FULL', 'too many') : undefined
  }
  const queue = new TransformQueue(transform, tracker, metrics, limit)
  const add = (payload: number, kind: Kind) =>
    new Promise<void>(resolve =>
      queue.add({
        message: { payload, kind },
        send: ([first]) => void ended.push(`sent ${(first as { payload: number }).payload}`),
        done: error => {
          ended.push(`${error ? 'failed' : 'done'} ${payload}`)
          resolve()
        }
      })
    )
  return { add, metrics, transformed, ended }
}

const expected = (payload: number, kind: Kind) =>
  failsAt(kind) ? [`failed ${payload}`] : [`sent ${payload}`, `done ${payload}`]

describe('transform queue', () => {
  it('ends every message once, in the order they came, whatever waits or fails', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.constantFrom<Kind>('now', 'later', 'fails', 'fails later'), fc.boolean()),
          { maxLength: 12 }
        ),
        async kinds => {
          const { add, ended, metrics } = queueOf()
          const all: Promise<void>[] = []
          for (const [index, [kind, pause]] of kinds.entries()) {
            all.push(add(index, kind))
            if (pause) await new Promise(setImmediate)
          }
          await Promise.all(all)
          assert.deepEqual(
            ended,
            kinds.flatMap(([kind], index) => expected(index, kind))
          )
          assert.equal(metrics.in, kinds.length)
          assert.equal(metrics.out, kinds.filter(([kind]) => !failsAt(kind)).length)
        }
      )
    ))

  it('neither transforms nor passes on what was given up while it waited', async () => {
    const givenUp = new Set<unknown>()
    const { add, ended, transformed, metrics } = queueOf(givenUp)
    const all = [add(0, 'later'), add(1, 'now'), add(2, 'later'), add(3, 'now')]
    givenUp.add(0).add(1).add(2)
    await Promise.all(all)
    assert.deepEqual(transformed, [0, 3])
    assert.deepEqual(ended, ['done 0', 'done 1', 'done 2', 'sent 3', 'done 3'])
    assert.deepEqual([metrics.in, metrics.out, metrics.returned], [4, 1, 3])
  })

  it('does not begin what was given up before it came', async () => {
    const { add, ended, transformed, metrics } = queueOf(new Set([0]))
    await add(0, 'fails later')
    assert.deepEqual([transformed, ended, metrics.returned], [[], ['done 0'], 1])
  })

  it('takes no more than may wait', async () => {
    const { add, ended, transformed } = queueOf(new Set(), 2)
    await Promise.all([add(0, 'later'), add(1, 'now'), add(2, 'now'), add(3, 'now')])
    assert.deepEqual(transformed, [0, 1, 2])
    assert.equal(ended[0], 'failed 3')
  })
})

import { MillraceError } from '../errors.ts'
import type { Message } from '../record/message.ts'
import type { Remembering } from './counted-engine.ts'
import { kept, type StateShare } from './share.ts'

/** What a message tells a node in place of bringing records; fulfilled when that is kept. */
export function toldBy<State>(
  { forget, expected }: Message,
  { expectedOf }: Remembering<State>,
  whole: StateShare<State> | undefined,
  node: { forget(): Promise<void> }
): Promise<void> | undefined {
  if (forget === true) return node.forget()
  if (expected === undefined || expectedOf === undefined) return undefined
  if (whole === undefined) return Promise.reject(nowhere())
  try {
    whole.expect(expectedOf(expected))
  } catch (error) {
    return Promise.reject(error)
  }
  return kept([whole])
}

const nowhere = () =>
  new MillraceError(
    'STATE_NO_PARTITION',
    'What the node remembers is in a Kafka topic, by partition, and nobody knows in which partition a device would come that is expected. Let it remember in a folder of this machine.'
  )

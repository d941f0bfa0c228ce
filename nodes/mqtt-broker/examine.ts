import { type MillraceError, reasonOf } from '../../core/errors.ts'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { type HeardMessage, listen } from '../../core/mqtt/listen.ts'
import { type OperatorAnswer, QUESTIONS } from '../../core/node/answer.ts'

/** mosquitto, HiveMQ and VerneMQ; EMQX. */
const COUNTS = ['$SYS/broker/clients/connected', '$SYS/brokers/+/stats/connections.count']
/** What a server keeps comes at once. */
const ENOUGH_MS = 3_000

/** How many clients are connected, for doctor, where the server tells it. */
export async function examined(broker: MqttBroker, signal: AbortSignal): Promise<OperatorAnswer> {
  const question = QUESTIONS.clients
  const about = broker.address
  const settings = broker.settingsFor({
    nodeId: 'doctor',
    keepSession: false,
    receiveMaximum: 10
  })
  const enough = new AbortController()
  const end = () => enough.abort(new Error(`${about} does not answer.`))
  const timer = setTimeout(end, ENOUGH_MS)
  signal.addEventListener('abort', end, { once: true })
  try {
    const heard = await listen(settings, COUNTS, enough.signal)
    const clients = clientsIn(heard)
    if (clients === undefined) return untold(question, about)
    const found = `${clients} clients`
    return { question, about, found, state: 'well' }
  } catch (error) {
    if ((error as MillraceError).code === 'MQTT_SUBSCRIBE_REFUSED') return untold(question, about)
    const todo =
      'Start the server, or mend what the sentence names; devices keep what they have meanwhile, if they can.'
    return { question, about, found: reasonOf(error), state: 'bad', todo }
  } finally {
    clearTimeout(timer)
  }
}

/**
 * How many clients there are by what was heard, the newest first. A server tells it again and
 * again, and each server of a cluster by a topic of its own. Undefined where none has told.
 */
export function clientsIn(heard: readonly HeardMessage[]): number | undefined {
  const counts = new Map<string, number>()
  for (const { topic, payload } of heard) {
    const count = Number.parseInt(payload.toString(), 10)
    if (Number.isFinite(count) && !counts.has(topic)) counts.set(topic, count)
  }
  return counts.size === 0 ? undefined : [...counts.values()].reduce((sum, count) => sum + count, 0)
}

const untold = (question: string, about: string): OperatorAnswer => ({
  question,
  about,
  found: 'the server is there, and does not tell (no $SYS topics for this user)',
  state: 'unknown',
  todo: "See the server's own console or metrics."
})

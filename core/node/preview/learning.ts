import { MillraceError } from '../../errors.ts'
import type { Learned, Observed } from '../../learn/learned.ts'
import { type Message, recordsOf } from '../../record/message.ts'
import { isKafkaMessage } from '../../record/record.ts'
import { parseOptions } from '../spec.ts'
import { Input } from './input.ts'
import type { PreviewKind } from './kinds.ts'
import type { PreviewRequest } from './request.ts'

type Asked = Extract<PreviewRequest, { action: 'learn' }>
type Values = Readonly<Record<string, unknown>>

/** What was learned for a node that may be put behind. */
export interface LearnedBehind extends Learned {
  readonly type: string
  readonly label: string
}

/**
 * What the messages propose for a dialog, and for the nodes that may be put behind it: each of
 * these learns from what the ones before make of the messages with their proposals.
 */
export async function learnedBy(
  kind: PreviewKind,
  kinds: ReadonlyMap<string, PreviewKind>,
  { values, given, answers }: Asked
): Promise<Learned & { readonly behind?: readonly LearnedBehind[] }> {
  const { learn, behind = [] } = kind
  if (learn === undefined)
    throw new MillraceError('OPTIONS_INVALID', `A ${kind.spec.label} learns nothing.`)
  if (given.length === 0)
    throw new MillraceError('OPTIONS_INVALID', 'There is no message to learn from yet.')
  let messages = given.map(each => new Input(each, kind.takes).message())
  const own = await learn(messages.map(observed), values, answers)
  if (behind.length === 0) return own
  const learned: LearnedBehind[] = []
  let made = await worked(kind, { ...values, ...settingsOf(own) }, messages)
  for (const type of behind) {
    const next = kinds.get(type)
    if (next?.learn === undefined || !made.some(hasRecord)) break
    messages = made
    const found = await next.learn(messages.map(observed), {}, answersFor(answers, type))
    if (found.isNeeded === false) continue
    learned.push({ ...found, type, label: next.spec.label, questions: named(found, type) })
    made = await worked(next, settingsOf(found), messages)
  }
  return { ...own, behind: learned }
}

/** Bytes that pass untouched go to another system first. */
const hasRecord = ({ payload }: Message) => !recordsOf(payload).some(isKafkaMessage)

/** Questions of several nodes may have one name. */
const named = ({ questions }: Learned, type: string): Learned['questions'] =>
  questions.map(question => ({ ...question, name: `${type}.${question.name}` }))

const answersFor = (answers: Asked['answers'], type: string): Asked['answers'] =>
  Object.fromEntries(
    Object.entries(answers).flatMap(([name, answer]) =>
      name.startsWith(`${type}.`) ? [[name.slice(type.length + 1), answer]] : []
    )
  )

const observed = ({ topic, payload }: Message): Observed => ({
  topic: typeof topic === 'string' ? topic : '',
  payload
})

export const settingsOf = ({ findings }: Learned): Values =>
  Object.assign({}, ...findings.map(({ settings }) => settings)) as Values

/** What leaves the first output with these settings. */
async function worked(
  { spec, make, isAlone }: PreviewKind,
  settings: Values,
  messages: readonly Message[]
): Promise<Message[]> {
  const references = Object.entries(spec.fields).flatMap(([name, { kind }]) =>
    kind === 'ref' && isAlone === true ? [[name, '-']] : []
  )
  const made: Message[] = []
  try {
    const options = parseOptions(spec, { ...settings, ...Object.fromEntries(references) })
    const node = make(
      options,
      () => undefined,
      () => undefined
    )
    for (const message of messages) {
      const [records = []] = (await node.sort(message)).outputs
      if (records.length > 0) made.push({ ...message, payload: records })
    }
    await node.close?.()
  } catch {
    // What is not answered yet, such as a zone, leaves settings that cannot be used.
  }
  return made
}

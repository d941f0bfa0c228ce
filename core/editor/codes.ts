import { CHECK_CODES } from '../advice/codes.ts'
import { CODES, type Code } from '../errors.ts'
import { element } from './element.ts'
import { addPanel, enter } from './opener.ts'

/** What a node or a connection says of itself; no record is rejected with it. */
const OF_NO_RECORD: readonly Code[] = [
  'OPTIONS_INVALID',
  'NOT_READY',
  'CLOSED',
  'MQTT_CONNECT_FAILED',
  'MQTT_REFUSED',
  'MQTT_CONNECTION_LOST',
  'MQTT_SUBSCRIBE_REFUSED',
  'KAFKA_CONNECT_FAILED',
  'KAFKA_TOPIC_MISSING',
  'KAFKA_OFFSET_LOST',
  'REPLAY_RUNNING',
  'DATABASE_SETTING'
]

/** Puts a button behind an input of codes, which shows them with their sentences to be ticked. */
export const addCodes = (input: HTMLInputElement): void =>
  addList(
    input,
    Object.entries(CODES).filter(([code]) => !OF_NO_RECORD.includes(code as Code))
  )

/** The same with the checks at deploy. */
export const addChecks = (input: HTMLInputElement): void =>
  addList(input, Object.entries(CHECK_CODES))

function addList(
  input: HTMLInputElement,
  codes: readonly [code: string, sentence: string][]
): void {
  addPanel(input, 'list', ({ content }) => {
    const list = element('div', { class: 'millrace-items' })
    list.append(...codes.map(([code, sentence]) => codeRow(input, code, sentence)))
    content.append(list)
  })
}

function codeRow(input: HTMLInputElement, code: string, sentence: string): HTMLElement {
  const box = element('input', { type: 'checkbox' })
  box.checked = codesIn(input).includes(code)
  box.addEventListener('change', () => {
    const others = codesIn(input).filter(other => other !== code)
    enter(input, (box.checked ? [...others, code] : others).join(', '))
  })
  return element(
    'label',
    { class: 'millrace-item millrace-code-item' },
    box,
    element('b', {}, code),
    ` ${sentence}`
  )
}

const codesIn = ({ value }: HTMLInputElement): string[] =>
  value
    .split(',')
    .map(code => code.trim())
    .filter(code => code !== '')

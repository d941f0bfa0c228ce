import { OptionsError } from '../options-error.ts'
import { repeatedNames } from '../record/json-names.ts'
import { type Check, checked } from './checks.ts'

/**
 * What a node is, as data. Form, defaults, validation, credentials, help, locale, README table,
 * types and the check at deploy are all derived from it.
 */
export interface NodeSpec {
  /** As Node-RED knows it; those of this palette begin with `millrace-`. */
  readonly type: string
  readonly label: string
  /**
   * Counts up when a field is renamed, removed or means something else, 1 where absent. Each
   * further one needs a step in migrations.ts; a new field with a default needs none.
   */
  readonly version?: number
  /** One sentence: what the node does. */
  readonly summary: string
  readonly category: 'telemetry' | 'config'
  readonly family: Family
  readonly inputs: 0 | 1
  /** Port labels, first output first. */
  readonly outputs: readonly string[]
  /** A field whose value decides the number of outputs; only route needs it. */
  readonly outputsFrom?: string
  /** Headings of the dialog by the name that fields give as their `section`, in their order. */
  readonly sections?: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, Field>>
  /** It keeps what it remembers (core/state): its dialog has a button that makes it forget. */
  readonly remembers?: true
  /** It keeps records on disk: its dialog shows what waits, and what can be done about it. */
  readonly keepsRecords?: true
  /** Its dialog shows how what it writes to stands, which a configuration node answers. */
  readonly shows?: Stating
  readonly examples?: readonly Example[]
}

export type Family =
  | 'mqtt'
  | 'amqp'
  | 'aws'
  | 'coap'
  | 'archive'
  | 'http'
  | 'sparkplug'
  | 'kafka'
  | 'timescale'
  | 'influx'
  | 'transform'
  | 'observe'
  | 'delivery'

/** Shown and checked only while another field has one of these values. */
export type Condition = Readonly<Record<string, string | boolean | readonly (string | boolean)[]>>

interface FieldBase {
  readonly label: string
  /** One or two sentences, ends with a full stop. */
  readonly help: string
  readonly placeholder?: string
  /** One of the spec's `sections`, or the last and folded one. Without it, it stands on top. */
  readonly section?: 'advanced' | (string & {})
  readonly when?: Condition
  /**
   * The field does not decide who gets the secret: Test and preview use the saved one though it
   * changed.
   */
  readonly harmless?: true
}

export interface TextField extends FieldBase {
  readonly kind: 'text'
  readonly default: string
  readonly required?: boolean
  /**
   * Regular expression for the whole value, and what it means in words ("a topic of at least two
   * levels").
   */
  readonly pattern?: string
  readonly patternHint?: string
  /** What else the text must be. */
  readonly check?: Check
  /**
   * The form shows a Pick button that asks the runtime for a list of these, or opens what the
   * message that the dialog shows has of it.
   */
  readonly pick?: Pick | Place
  /** It says where a secret stands: Test reads that only as it is deployed. */
  readonly namesSecret?: true
  /** What helps to write it: a list with search, a calendar, boxes to tick, parts of a URL. */
  readonly as?: Writing
}
/**
 * In the message that a dialog shows: fields of the record; measurements, seen from what holds
 * them; what the objects that are measurements have; names of headers; levels of the topic.
 */
export type Place = 'fields' | 'measurements' | 'parts' | 'headers' | 'topic'
export type Writing = 'time-zone' | 'instant' | 'codes' | 'checks' | 'mqtt-address' | 'brokers'
/**
 * What a configuration node can be asked for: names to choose from, or messages as they come. Those
 * with a colon begin with the type of the node that answers: `millrace-amqp-server:names`.
 */
export type Pick = Naming | Listening
/** Asks a configuration node for a sentence about what stands in the dialog. */
export type Saying = `${string}:sentence`
export type Naming = 'kafka-topics' | 'kafka-groups' | 'tables' | 'columns' | `${string}:names`
export type Listening = 'mqtt-messages' | 'kafka-messages' | `${string}:messages`
/** How something stands, in lines, by the type of the node that answers. */
export type Stating = `${string}:state`
export interface SecretField extends FieldBase {
  readonly kind: 'secret'
  readonly default: ''
}
export interface NumberField extends FieldBase {
  readonly kind: 'number'
  readonly default: number
  readonly min?: number
  readonly max?: number
  readonly integer?: boolean
  readonly unit?: string
}
export interface BoolField extends FieldBase {
  readonly kind: 'bool'
  readonly default: boolean
}
export interface ChoiceField extends FieldBase {
  readonly kind: 'choice'
  readonly default: string
  /** value → what the person reads */
  readonly choices: Readonly<Record<string, string>>
}
/**
 * Reference to a configuration node, such as `millrace-kafka-cluster` or Node-RED's own
 * `tls-config`.
 */
export interface RefField extends FieldBase {
  readonly kind: 'ref'
  readonly default: ''
  readonly type: string
  readonly optional?: boolean
}
/** Text of a language, edited with Monaco. */
export interface CodeField extends FieldBase {
  readonly kind: 'code'
  readonly default: string
  readonly language: 'json' | 'sql' | 'csv' | 'text'
  /** Rows in front of the text, which write it and are read from it. */
  readonly as?: 'table' | 'json-schema'
  /** Below it stands a button that asks a configuration node about it, which answers in words. */
  readonly asks?: Saying
  readonly required?: boolean
  readonly check?: Check
}
export type Column = TextField | NumberField | BoolField | ChoiceField
/** Rows, edited with Node-RED's editableList. */
export interface ListField extends FieldBase {
  readonly kind: 'list'
  /** At least one row. */
  readonly required?: boolean
  readonly default: readonly Readonly<Record<string, string | number | boolean>>[]
  /**
   * The node is asked for what its first column may hold, which is offered to be ticked; this other
   * field names what of the messages it is asked with.
   */
  readonly offers?: string
  readonly columns: Readonly<Record<string, Column>>
}
/** Shape checked by the room's own logic, edited by the room's own editor.ts. */
export interface CustomField extends FieldBase {
  readonly kind: 'custom'
  readonly default: unknown
}

export type Field =
  | TextField
  | SecretField
  | NumberField
  | BoolField
  | ChoiceField
  | RefField
  | CodeField
  | ListField
  | CustomField

/**
 * Run as a test and shown in the help: a payload goes in, and payloads (or null) come out, one an
 * output.
 */
export interface Example {
  readonly name: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly topic?: string
  /** A dialog shows it with times of now, which its settings may want. */
  readonly recent?: true
  readonly given: unknown
  readonly then: readonly unknown[]
}

type Value<F extends Field> = F extends NumberField
  ? number
  : F extends BoolField
    ? boolean
    : F extends ChoiceField
      ? Extract<keyof F['choices'], string>
      : F extends ListField
        ? readonly { readonly [K in keyof F['columns']]: Value<F['columns'][K]> }[]
        : F extends CustomField
          ? unknown
          : string

/**
 * The typed options a node's code receives; `name` is the person's name for the node, maybe empty.
 */
export type Options<S extends NodeSpec> = {
  readonly [K in keyof S['fields']]: Value<S['fields'][K]>
} & { readonly name: string }

/**
 * Applies defaults, expands `${NAME}` by `environment` and checks every field.
 * @throws OptionsError that lists all problems at once
 */
export function parseOptions<S extends NodeSpec>(
  spec: S,
  raw: Readonly<Record<string, unknown>>,
  environment: (name: string) => unknown = () => undefined
): Options<S> {
  const problems: string[] = []
  const options: Record<string, unknown> = { name: typeof raw.name === 'string' ? raw.name : '' }
  for (const [name, field] of Object.entries(spec.fields)) {
    options[name] = parseField(field, raw[name] ?? field.default, environment)
  }
  for (const [name, field] of Object.entries(spec.fields)) {
    if (!applies(field.when, options)) continue
    const unset = unsetVariables(field, options[name]).map(
      variable => `the environment variable ${variable} is not set`
    )
    for (const problem of unset.length > 0 ? unset : problemsOf(field, options[name]))
      problems.push(`${field.label}: ${problem}`)
  }
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  return options as Options<S>
}

/** True if the condition holds for these values. Used by the form too. */
export function applies(
  when: Condition | undefined,
  values: Readonly<Record<string, unknown>>
): boolean {
  return Object.entries(when ?? {}).every(([name, wanted]) =>
    [wanted].flat().includes(values[name] as string | boolean)
  )
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

function expand(text: string, environment: (name: string) => unknown): string {
  return text.replace(VARIABLE, (whole, name: string) => {
    const value = environment(name)
    return value === undefined || value === null || value === '' ? whole : String(value)
  })
}

/**
 * Code is left as it is: what looks like a variable may be a pattern of a schema or a text of a
 * statement.
 */
const expands = ({ kind }: Field) => kind === 'text' || kind === 'secret' || kind === 'number'

/** True if the value holds a `${NAME}` that is looked up in the environment. */
export const hasVariable = (field: Field, value: unknown): boolean =>
  expands(field) && typeof value === 'string' && value.search(VARIABLE) >= 0

const unsetVariables = (field: Field, value: unknown) =>
  expands(field) && typeof value === 'string'
    ? [...value.matchAll(VARIABLE)].map(match => match[1])
    : []

/**
 * A field's value from what a flow or a form holds: text becomes what the field is of. Used by the
 * form too.
 */
export function parseField(
  field: Field,
  given: unknown,
  environment: (name: string) => unknown
): unknown {
  const value = expands(field) && typeof given === 'string' ? expand(given, environment) : given
  if (field.kind === 'number' && typeof value === 'string' && value.trim() !== '')
    return Number(value)
  if (field.kind === 'text' && typeof value === 'string') return value.trim()
  if (field.kind === 'bool' && (value === 'true' || value === 'false')) return value === 'true'
  if (field.kind === 'list' && Array.isArray(value))
    return value.map(row => parseRow(field, row, environment))
  return value
}

function parseRow(field: ListField, row: unknown, environment: (name: string) => unknown): unknown {
  if (typeof row !== 'object' || row === null) return row
  const cells = row as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(field.columns).map(([name, column]) => [
      name,
      parseField(column, cells[name] ?? column.default, environment)
    ])
  )
}

/** What is wrong with a value, in words; empty if nothing is. Used by the form too. */
export function problemsOf(field: Field, value: unknown): string[] {
  switch (field.kind) {
    case 'number':
      return numberProblems(field, value)
    case 'bool':
      return typeof value === 'boolean' ? [] : ['must be true or false']
    case 'choice':
      return typeof value === 'string' && Object.hasOwn(field.choices, value)
        ? []
        : [`must be one of ${Object.keys(field.choices).join(', ')}`]
    case 'ref':
      return value || field.optional ? [] : ['choose or add one']
    case 'list':
      return listProblems(field, value)
    case 'custom':
      return []
    default:
      return textProblems(field, value)
  }
}

function numberProblems(field: NumberField, value: unknown): string[] {
  if (typeof value !== 'number' || !Number.isFinite(value)) return ['must be a number']
  if (field.integer && !Number.isInteger(value)) return ['must be a whole number']
  if (field.min !== undefined && value < field.min) return [`must be at least ${field.min}`]
  if (field.max !== undefined && value > field.max) return [`must be at most ${field.max}`]
  return []
}

function textProblems(field: TextField | SecretField | CodeField, value: unknown): string[] {
  if (typeof value !== 'string') return ['must be text']
  if ('required' in field && field.required && value.trim() === '') return ['is required']
  if (
    field.kind === 'text' &&
    field.pattern &&
    value !== '' &&
    !new RegExp(`^(?:${field.pattern})$`).test(value)
  ) {
    return [`must be ${field.patternHint ?? `of the form ${field.pattern}`}`]
  }
  if (field.kind === 'secret') return value.includes('\n') ? ['must be one line'] : []
  const isJson = field.kind === 'code' && field.language === 'json'
  return [
    ...(isJson ? repeatsIn(value) : []),
    ...(field.check === undefined || value === '' ? [] : checked(field.check, value))
  ]
}

/** Of two members with one name JSON reads the last, and nobody is told of the first. */
function repeatsIn(text: string): string[] {
  try {
    JSON.parse(text)
  } catch {
    return [] // What is wrong with it is told elsewhere.
  }
  return repeatedNames(text).map(
    name => `"${name}" stands twice in one object, and only the last would count`
  )
}

function listProblems(field: ListField, value: unknown): string[] {
  if (!Array.isArray(value)) return ['must be a list']
  if (field.required && value.length === 0) return ['there must be at least one']
  return value.flatMap((row: unknown, index) => {
    if (typeof row !== 'object' || row === null) return [`row ${index + 1} must be an object`]
    const cells = row as Record<string, unknown>
    return Object.entries(field.columns).flatMap(([name, column]) =>
      problemsOf(column, cells[name]).map(
        problem => `row ${index + 1}, ${column.label}: ${problem}`
      )
    )
  })
}

import type { Field } from '../core/node/spec.ts'

/**
 * Names of fields and the Font Awesome 4.7 icon that says the same; the first that matches counts.
 */
const BY_NAME: readonly (readonly [RegExp, string])[] = [
  [/topic/i, 'tasks'],
  [/group/i, 'users'],
  [/user|clientId/i, 'user'],
  [/url|host|brokers|server|address|database$/i, 'globe'],
  [/table|schema$/i, 'table'],
  [/column/i, 'columns'],
  [/key/i, 'key'],
  [/partition/i, 'random'],
  [/tls|auth|sasl|mechanism/i, 'lock'],
  [/retention|expiry|interval|timeout|linger|delay|time|zone|(?:^|max)age$|ttl/i, 'clock-o'],
  [/file|path|folder/i, 'file-o'],
  [/format|encoding|unit/i, 'file-code-o'],
  [/output|otherwise/i, 'sign-out'],
  [/retry|attempts/i, 'repeat']
]

const BY_UNIT: Readonly<Record<string, string>> = {
  ms: 'clock-o',
  s: 'clock-o',
  min: 'clock-o',
  days: 'clock-o',
  bytes: 'database',
  kB: 'database'
}

const BY_KIND: Readonly<Record<Field['kind'], string>> = {
  text: 'i-cursor',
  secret: 'lock',
  number: 'sliders',
  bool: 'check-square-o',
  choice: 'list-ul',
  ref: 'server',
  code: 'code',
  list: 'list',
  custom: 'list'
}

/** The icon before a field's label. */
export function iconOf(name: string, field: Field): string {
  if (field.kind === 'number' && field.unit !== undefined && BY_UNIT[field.unit])
    return BY_UNIT[field.unit]!
  if (field.kind === 'ref' || field.kind === 'code' || field.kind === 'secret')
    return field.kind === 'ref' && field.type === 'tls-config' ? 'lock' : BY_KIND[field.kind]
  return BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? BY_KIND[field.kind]
}

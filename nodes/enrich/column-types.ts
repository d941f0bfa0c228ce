import type { CustomTypesConfig } from 'pg'
import { exactNumber } from './exact-number.ts'

type Parser = (text: string) => unknown
/** Numbers of types, from PostgreSQL's pg_type.dat. */
const BIGINT = 20
const DATE = 1082
const TIMESTAMP = 1114
const TIMESTAMPTZ = 1184
const NUMERIC = 1700
const TEXT_ARRAY = 1009
const ARRAYS: Readonly<Record<number, number>> = {
  1016: BIGINT,
  1182: DATE,
  1115: TIMESTAMP,
  1185: TIMESTAMPTZ,
  1231: NUMERIC
}

/**
 * How values of a lookup become JSON. The driver makes text of bigint and numeric; and of a date or
 * a time without a zone it makes an instant by the zone of this machine, which in UTC may be the
 * day before.
 */
export async function columnTypes(): Promise<CustomTypesConfig> {
  const { default: pg } = await import('pg')
  const own = (type: number) => pg.types.getTypeParser(type) as Parser
  const asWritten: Parser = text => text
  const number: Parser = text => exactNumber(text) ?? text
  const instant: Parser = text => {
    const date = own(TIMESTAMPTZ)(text)
    return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : text
  }
  const parsers: Record<number, Parser> = {
    [BIGINT]: number,
    [NUMERIC]: number,
    [DATE]: asWritten,
    [TIMESTAMP]: asWritten,
    [TIMESTAMPTZ]: instant
  }
  for (const [array, element] of Object.entries(ARRAYS)) {
    const parse = parsers[element]!
    parsers[Number(array)] = text => eachText(own(TEXT_ARRAY)(text), parse)
  }
  return {
    getTypeParser: ((type: number) =>
      parsers[type] ?? own(type)) as CustomTypesConfig['getTypeParser']
  }
}

/** An array may hold arrays, and null. */
function eachText(value: unknown, parse: Parser): unknown {
  if (Array.isArray(value)) return value.map(item => eachText(item, parse))
  return typeof value === 'string' ? parse(value) : value
}

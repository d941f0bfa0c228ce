import { type FieldFacts, holdsOnly, nameOf, type Survey } from './survey.ts'

/** What a field may be for, told by what people call it. */
export type Meaning = 'time' | 'device' | 'place' | 'metric' | 'value' | 'zone'

/** From the surest to the least sure; compared without case, `_`, `-` and spaces. */
const NAMES: Readonly<Record<Meaning, readonly string[]>> = {
  time: [
    'tsutc',
    'timestamp',
    'ts',
    'time',
    'datetime',
    'sourcetimestamp',
    'measuredat',
    'reportedat',
    'observedat',
    'receivedat',
    'createdat',
    'eventtime',
    'devicetime',
    'tst',
    'epoch',
    'date',
    'utc',
    't',
    'bt'
  ],
  device: [
    'deviceid',
    'deveui',
    'device',
    'devid',
    'deviceidentifier',
    'devicename',
    'deviceident',
    'ident',
    'sensorid',
    'sensor',
    'serial',
    'serialnumber',
    'sn',
    'mac',
    'macaddress',
    'imei',
    'host',
    'hostname',
    'clientid',
    'client',
    'node',
    'nodeid',
    'assetid',
    'asset',
    'equipmentid',
    'machineid',
    'machine',
    'meterid',
    'meter',
    'src',
    'source',
    'tid',
    'id'
  ],
  place: ['location', 'site', 'place', 'room', 'area', 'zone', 'building', 'line', 'plant', 'org'],
  metric: ['metric', 'measurement', 'parameter', 'quantity', 'signal', 'channel', 'tag', 'n'],
  value: ['value', 'val', 'reading', 'measuredvalue', 'v'],
  zone: ['timezone', 'tz', 'zone', 'timezoneid', 'utcoffset']
}

const plain = (name: string) => name.toLowerCase().replace(/[\s_-]/g, '')

/** How surely a name means this: 0 not at all, else higher is surer. */
export function sureness(name: string, meaning: Meaning): number {
  const at = NAMES[meaning].indexOf(plain(name))
  return at < 0 ? 0 : NAMES[meaning].length - at
}

/** Whether a name means this and hardly anything else: `deviceId`, not `id`. */
export const isSurely = (name: string, meaning: Meaning): boolean =>
  sureness(name, meaning) > NAMES[meaning].length / 2

/**
 * The field of a survey that means this, by its name and what it holds: of several the surest, then
 * the one that is least deep. Undefined if there is none.
 */
export function fieldMeaning(
  { fields, records }: Survey,
  meaning: Meaning,
  holds: (facts: FieldFacts) => boolean = facts => holdsOnly(facts, 'text', 'integer')
): FieldFacts | undefined {
  const found = fields
    .filter(facts => sureness(nameOf(facts), meaning) > 0 && holds(facts))
    .filter(({ seen }) => seen * 2 > records)
  const rank = (facts: FieldFacts) =>
    sureness(nameOf(facts), meaning) - 40 * (facts.steps.length - 1)
  return found.sort((a, b) => rank(b) - rank(a))[0]
}

/** Whether a number of this name counts or names something, rather than measures it. */
export const isIdentity = (name: string): boolean =>
  /^(id|.*_id|.*Id|seq|sequence|sn|serial|mid|msgid|messageid|fport|port|channel|version|v|ver|index|code|crc|model|firmware|fw|hw|build|rev|revision)$/.test(
    name
  ) && name !== 'void'

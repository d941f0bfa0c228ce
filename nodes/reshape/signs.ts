import { isObject } from '../../core/learn/survey.ts'
import { getter } from '../../core/record/field-path.ts'
import type { PresetName } from './presets.ts'

/** A record as it comes, or a bare value, and the MQTT topic that it came by. */
export interface Came {
  readonly record: unknown
  readonly topic: string
}

type Sign = (came: Came) => boolean

const has =
  (...paths: readonly string[]): Sign =>
  ({ record }) =>
    paths.every(path => getter(path)(record) !== undefined)

const topic =
  (form: RegExp): Sign =>
  came =>
    form.test(came.topic)

const all =
  (...signs: readonly Sign[]): Sign =>
  came =>
    signs.every(sign => sign(came))
const any =
  (...signs: readonly Sign[]): Sign =>
  came =>
    signs.some(sign => sign(came))

const is =
  (path: string, form: RegExp): Sign =>
  ({ record }) => {
    const value = getter(path)(record)
    return typeof value === 'string' && form.test(value)
  }

/** The elements of a list, a few of them, all have these fields. */
const listOf =
  (path: string, ...names: readonly string[]): Sign =>
  ({ record }) => {
    const list = path === '' ? record : getter(path)(record)
    if (!Array.isArray(list) || list.length === 0) return false
    return list.slice(0, 20).every(each => isObject(each) && names.every(name => name in each))
  }

/** The values of the record that are objects or lists: some, and all of this kind. */
const values =
  (isOne: (value: unknown) => boolean): Sign =>
  ({ record }) => {
    if (!isObject(record)) return false
    const found = Object.values(record)
      .slice(0, 50)
      .filter(value => typeof value === 'object' && value !== null)
    return found.length > 0 && found.every(isOne)
  }

const isReadings = (value: unknown) => listOf('', 'ts', 'values')({ record: value, topic: '' })
const isTimed = (value: unknown) =>
  isObject(value) && 'SourceTimestamp' in value && 'Value' in value
const isMeasured = (value: unknown) =>
  isObject(value) && Object.values(value).some(each => typeof each === 'number')

/**
 * By what the messages of a make are known, those that are told most surely first: its own topics,
 * or fields that nobody else has together.
 */
export const SIGNS: readonly (readonly [PresetName, Sign])[] = [
  ['ttn', has('end_device_ids.device_id', 'uplink_message')],
  ['chirpstack', has('deviceInfo.devEui', 'object')],
  ['opcua', all(has('Messages'), listOf('Messages', 'Payload'))],
  ['telegraf-batch', listOf('metrics', 'fields', 'name', 'timestamp')],
  ['telegraf', has('fields', 'tags', 'name', 'timestamp')],
  ['kepserver', listOf('values', 'id', 'v', 't')],
  ['thingsboard-gateway', any(topic(/^v1\/gateway\/telemetry$/), values(isReadings))],
  ['thingsboard-time', has('ts', 'values')],
  ['thingsboard', topic(/^v1\/devices\/me\/telemetry$/)],
  ['aws-shadow', any(topic(/^\$aws\/things\/[^/]+\/shadow\//), has('state.reported', 'version'))],
  ['azure', any(topic(/^azure-iot-operations\/data\//), values(isTimed))],
  ['owntracks', all(is('_type', /^location$/), has('tst', 'lat'))],
  ['flespi', has('ident', '["server.timestamp"]')],
  ['shelly1', topic(/^shellies\//)],
  ['shelly2', all(has('params'), any(is('src', /^shelly/i), is('method', /^Notify/)))],
  [
    'tasmota',
    any(
      topic(/(^|\/)tele\/(.+\/)?SENSOR$/),
      all(is('Time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/), values(isMeasured))
    )
  ],
  ['zigbee2mqtt', any(topic(/^zigbee2mqtt\//), has('linkquality'))],
  [
    'esphome',
    topic(
      /^[^/]+\/(sensor|binary_sensor|text_sensor|switch|light|fan|cover|climate|number)\/[^/]+\/state$/
    )
  ],
  ['victron', all(topic(/^N\/[^/]+\/[^/]+\/\d+\//), has('value'))],
  ['rtl433', has('model', 'id', 'time')],
  ['senml', all(has('name', 'ts'), is('name', /^(urn:|[^ ]+$)/), has('value'))]
]

import assert from 'node:assert/strict'
import { senmlJson } from '../../../core/format/senml.ts'
import { JSON_RULES } from '../../../core/record/json-text.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import type { PresetName } from '../../../nodes/reshape/presets.ts'
import { KAFKA_MS, type Setting, throughKafka } from './reshape-of.ts'

interface Arrived {
  readonly topic?: string
  readonly payload: unknown
  /** Time, device, metric and value; or the code of what is rejected. */
  readonly rows: readonly (readonly unknown[] | string)[]
  /** What a person sets besides, since no preset can know it. */
  readonly more?: Setting
}

export interface Sample extends Arrived {
  /** Other messages of the make, where its document tells of many topics. */
  readonly also?: readonly Arrived[]
}

/** A bare value of a topic, and the row that it becomes. */
const bare = (topic: string, payload: string, row: readonly unknown[] | string): Arrived => ({
  topic,
  payload,
  rows: [typeof row === 'string' ? row : [undefined, ...row]]
})

/**
 * The message of the gateway's own template, as it stands in an agent of PTC's examples:
 * "timestamp: |SERVERTIMESTAMP|, values: |VALUES|", and of each of these "id: |TAGNAME|,
 * v: |TAGVALUE|, q: |TAGQUALITY|, t: |TAGTIMESTAMP|". It is "Single MQTT Agent for IoT Hub" in
 * https://github.com/PTCInc/Kepware-Example-Scripts/tree/73e3241/IoT%20Gateway
 */
const kepserver = (
  SERVERTIMESTAMP: number,
  tags: readonly (readonly [TAGNAME: string, TAGVALUE: unknown, good: boolean, time: number])[]
) => ({
  timestamp: SERVERTIMESTAMP,
  values: tags.map(([id, v, q, t]) => ({ id, v, q, t }))
})

const THINGSBOARD = { topic: 'v1/devices/me/telemetry' }

/** RFC 8428, section 5.1.2, in short: base name, time and unit hold for what follows. */
function decodedSenml(): unknown {
  const pack = [
    {
      bn: 'urn:dev:ow:10e2073a01080063:',
      bt: 1276020076.001,
      bu: 'A',
      bver: 5,
      n: 'voltage',
      u: 'V',
      v: 120.1
    },
    { n: 'current', t: -5, v: 1.2 }
  ]
  const decode = senmlJson({ ...JSON_RULES } as Parameters<typeof senmlJson>[0])
  const decoded = decode(Buffer.from(JSON.stringify(pack)), {
    topic: '',
    arrivedMs: 0
  } as unknown as Parameters<typeof decode>[1])
  assert.ok(!(decoded instanceof ParseFailure) && 'pieces' in decoded)
  return [...decoded.pieces].flatMap(piece => ('values' in piece ? piece.values : []))
}

/** A message of each make, of the form that the document of the preset gives. */
export const samples: Readonly<Record<PresetName, Sample>> = {
  tasmota: {
    topic: 'tele/tasmota_1/SENSOR',
    payload: {
      Time: '2024-02-23T14:53:20',
      AM2301: { Temperature: 24.6, Humidity: 58.2, DewPoint: 15.8 },
      TempUnit: 'C'
    },
    rows: [
      ['2024-02-23T14:53:20', 'tasmota_1', 'AM2301.Temperature', 24.6],
      ['2024-02-23T14:53:20', 'tasmota_1', 'AM2301.Humidity', 58.2],
      ['2024-02-23T14:53:20', 'tasmota_1', 'AM2301.DewPoint', 15.8]
    ]
  },
  zigbee2mqtt: {
    topic: 'zigbee2mqtt/hall/door',
    payload: throughKafka(
      { temperature: 27.34, humidity: 44.72, contact: true },
      { topic: 'zigbee2mqtt/hall/door' }
    ),
    rows: [
      [KAFKA_MS, 'hall/door', 'temperature', 27.34],
      [KAFKA_MS, 'hall/door', 'humidity', 44.72]
    ]
  },
  shelly1: {
    topic: 'shellies/shelly1pm-B1/relay/0/power',
    payload: '12.30',
    rows: [[undefined, 'shelly1pm-B1', 'relay/0/power', 12.3]],
    // The document names the topics of each model, and the words that they carry.
    also: [
      bare('shellies/shelly1pm-B1/relay/0', 'on', ['shelly1pm-B1', 'relay/0', 1]),
      bare('shellies/shelly1pm-B1/relay/0', 'off', ['shelly1pm-B1', 'relay/0', 0]),
      bare('shellies/shelly1pm-B1/relay/0', 'overpower', 'WORD_UNKNOWN'),
      bare('shellies/shelly1pm-B1/relay/0/energy', '1234', [
        'shelly1pm-B1',
        'relay/0/energy',
        1234
      ]),
      bare('shellies/shelly1pm-B1/input/0', '1', ['shelly1pm-B1', 'input/0', 1]),
      bare('shellies/shelly1pm-B1/temperature', '35.21', ['shelly1pm-B1', 'temperature', 35.21]),
      bare('shellies/shelly1pm-B1/online', 'true', ['shelly1pm-B1', 'online', 1]),
      bare('shellies/shellyht-A1/sensor/temperature', '21.5', [
        'shellyht-A1',
        'sensor/temperature',
        21.5
      ]),
      bare('shellies/shellyht-A1/sensor/battery', '83', ['shellyht-A1', 'sensor/battery', 83]),
      bare('shellies/shellyem-C1/emeter/0/returned_energy', '0.5', [
        'shellyem-C1',
        'emeter/0/returned_energy',
        0.5
      ]),
      bare('shellies/shellydw-D1/sensor/state', 'close', ['shellydw-D1', 'sensor/state', 0])
    ]
  },
  shelly2: {
    topic: 'shellyplus1pm-a8/events/rpc',
    payload: {
      src: 'shellyplus1pm-a8',
      dst: 'shellyplus1pm-a8/events',
      method: 'NotifyStatus',
      params: {
        ts: 1631266595.44,
        'switch:0': {
          id: 0,
          apower: 8.9,
          aenergy: { total: 6.5, by_minute: [45.1, 0], minute_ts: 1626935739 }
        }
      }
    },
    rows: [
      [1631266595.44, 'shellyplus1pm-a8', 'switch:0.apower', 8.9],
      [1631266595.44, 'shellyplus1pm-a8', 'switch:0.aenergy.total', 6.5]
    ]
  },
  // <TOPIC_PREFIX>/<COMPONENT_TYPE>/<COMPONENT_NAME>/state, says the document; the prefix is the
  // name of the node, or what a person has chosen: home/living_room is its example.
  esphome: {
    topic: 'livingroom/sensor/outside_temperature/state',
    payload: '12.8',
    rows: [[undefined, 'livingroom', 'outside_temperature', 12.8]],
    also: [
      bare('livingroom/binary_sensor/door/state', 'ON', ['livingroom', 'door', 1]),
      bare('livingroom/switch/fan/state', 'OFF', ['livingroom', 'fan', 0]),
      bare('livingroom/sensor/outside_temperature/state', 'nan', 'WORD_UNKNOWN'),
      bare('livingroom/status', 'online', 'TOPIC_MISMATCH'),
      {
        ...bare('home/living_room/sensor/uptime/state', '3600', ['living_room', 'uptime', 3600]),
        more: { topic: 'home/{device_id}/{component}/{metric}/state' }
      }
    ]
  },
  chirpstack: {
    topic: 'application/7d/device/0101010101010101/event/up',
    payload: {
      deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d',
      time: '2022-07-18T09:34:15.775023242+00:00',
      deviceInfo: {
        tenantId: '52f14cd4-c6f1-4fbd-8f87-4025e1d49242',
        tenantName: 'ChirpStack',
        applicationName: 'Test application',
        deviceProfileName: 'Test device-profile',
        deviceName: 'Test device',
        devEui: '0101010101010101',
        tags: { key: 'value' }
      },
      devAddr: '00189440',
      dr: 1,
      fPort: 1,
      data: 'qg==',
      rxInfo: [{ gatewayId: '0016c001f153a14c', uplinkId: 4217106255, rssi: -36, snr: 10.5 }],
      // There where the device profile has a codec.
      object: { temperatureSensor: { 1: 25 }, humiditySensor: { 1: 32 } }
    },
    rows: [
      ['2022-07-18T09:34:15.775023242+00:00', '0101010101010101', 'temperatureSensor.1', 25],
      ['2022-07-18T09:34:15.775023242+00:00', '0101010101010101', 'humiditySensor.1', 32]
    ]
  },
  ttn: {
    topic: 'v3/app1@ttn/devices/dev1/up',
    payload: {
      end_device_ids: { device_id: 'dev1', dev_eui: '0004A30B001C0530' },
      received_at: '2020-02-12T15:15:45.787Z',
      uplink_message: {
        f_cnt: 2,
        f_port: 1,
        decoded_payload: { temperature: 1.0, luminosity: 0.64 }
      }
    },
    rows: [
      ['2020-02-12T15:15:45.787Z', 'dev1', 'temperature', 1],
      ['2020-02-12T15:15:45.787Z', 'dev1', 'luminosity', 0.64]
    ]
  },
  thingsboard: {
    topic: 'v1/devices/me/telemetry',
    payload: [
      throughKafka({ key1: 1, key2: 2.5 }, THINGSBOARD),
      throughKafka({ key3: -3 }, THINGSBOARD)
    ],
    rows: [
      [KAFKA_MS, 'the-key', 'key1', 1],
      [KAFKA_MS, 'the-key', 'key2', 2.5],
      [KAFKA_MS, 'the-key', 'key3', -3]
    ]
  },
  'thingsboard-time': {
    topic: 'v1/devices/me/telemetry',
    payload: [
      throughKafka({ ts: 1451649600512, values: { key1: 1, key2: 'text' } }),
      throughKafka({ ts: 1451649601000, values: { key1: 2 } })
    ],
    rows: [
      [1451649600512, 'the-key', 'key1', 1],
      [1451649601000, 'the-key', 'key1', 2]
    ]
  },
  'thingsboard-gateway': {
    topic: 'v1/gateway/telemetry',
    payload: {
      'Device A': [{ ts: 1483228800000, values: { temperature: 42, humidity: 80 } }],
      'Device B': [{ ts: 1483228800000, values: { temperature: 43 } }]
    },
    rows: [
      [1483228800000, 'Device A', 'temperature', 42],
      [1483228800000, 'Device A', 'humidity', 80],
      [1483228800000, 'Device B', 'temperature', 43]
    ]
  },
  owntracks: {
    topic: 'owntracks/jane/phone',
    payload: {
      _type: 'location',
      tid: 'jp',
      lat: 52.5,
      lon: 13.4,
      acc: 5,
      batt: 80,
      tst: 1708700000,
      created_at: 1708700003
    },
    rows: [
      [1708700000, 'phone', 'lat', 52.5],
      [1708700000, 'phone', 'lon', 13.4],
      [1708700000, 'phone', 'acc', 5],
      [1708700000, 'phone', 'batt', 80]
    ]
  },
  kepserver: {
    topic: 'iotgateway/line1',
    more: { topic: 'iotgateway/{device_id}' },
    payload: kepserver(1435592735000, [
      ['Channel1.Device1.Tag1', 5, true, 1435592734500],
      ['Channel1.Device1.Tag2', 'text', false, 1435592734501]
    ]),
    rows: [
      [1435592734500, 'line1', 'Channel1.Device1.Tag1', 5],
      [1435592734501, 'line1', 'Channel1.Device1.Tag2', 'text']
    ]
  },
  opcua: {
    payload: {
      MessageId: '32235546-05d9-4fd7-97df-ea3ff3408574',
      MessageType: 'ua-data',
      PublisherId: 'line-1',
      Messages: [
        {
          DataSetWriterId: 1,
          Timestamp: '2024-02-23T14:53:20Z',
          Payload: {
            Speed: { Value: 4.5, SourceTimestamp: '2024-02-23T14:53:19Z' },
            Count: { Value: 7 },
            Plain: 3
          }
        }
      ]
    },
    rows: [
      ['2024-02-23T14:53:19Z', 'line-1', 'Speed', 4.5],
      ['2024-02-23T14:53:20Z', 'line-1', 'Count', 7],
      ['2024-02-23T14:53:20Z', 'line-1', 'Plain', 3]
    ]
  },
  azure: {
    topic: 'azure-iot-operations/data/thermostat',
    payload: {
      temperature: { SourceTimestamp: '2024-07-29T15:02:17.1858435Z', Value: 4558 },
      'Tag 10': { SourceTimestamp: '2024-07-29T15:02:17.1858869Z', Value: 4558 }
    },
    rows: [
      ['2024-07-29T15:02:17.1858435Z', 'thermostat', 'temperature', 4558],
      ['2024-07-29T15:02:17.1858869Z', 'thermostat', 'Tag 10', 4558]
    ]
  },
  'aws-shadow': {
    topic: '$aws/things/thing1/shadow/update/accepted',
    payload: {
      state: { reported: { temperature: 21.5, fan: { speed: 3 } }, desired: { temperature: 20 } },
      metadata: { reported: { temperature: { timestamp: 1708700000 } } },
      version: 10,
      timestamp: 1708700001
    },
    rows: [
      [1708700001, 'thing1', 'temperature', 21.5],
      [1708700001, 'thing1', 'fan.speed', 3]
    ]
  },
  victron: {
    topic: 'N/e0ff50a097c0/system/0/Dc/Battery/Voltage',
    payload: throughKafka({ value: 210 }, { topic: 'N/e0ff50a097c0/system/0/Dc/Battery/Voltage' }),
    rows: [[KAFKA_MS, 'e0ff50a097c0', 'Dc/Battery/Voltage', 210]]
  },
  flespi: {
    payload: {
      ident: '111115555599999',
      timestamp: 1562752860,
      'server.timestamp': 1562752861.2,
      'device.id': 182083,
      'channel.id': 429,
      'battery.voltage': 3.938,
      'position.latitude': 43.955218,
      'engine.ignition.status': false
    },
    rows: [
      [1562752860, '111115555599999', 'battery.voltage', 3.938],
      [1562752860, '111115555599999', 'position.latitude', 43.955218]
    ]
  },
  rtl433: {
    payload: {
      time: '2024-02-23 14:53:20',
      model: 'Nexus-TH',
      id: 147,
      channel: 1,
      battery_ok: 1,
      temperature_C: 20.5,
      humidity: 45
    },
    rows: [
      ['2024-02-23 14:53:20', 147, 'battery_ok', 1],
      ['2024-02-23 14:53:20', 147, 'temperature_C', 20.5],
      ['2024-02-23 14:53:20', 147, 'humidity', 45]
    ]
  },
  senml: {
    more: { topic: 'senml/{device_id}' },
    topic: 'senml/gateway',
    payload: decodedSenml(),
    rows: [
      [1276020076.001, 'gateway', 'urn:dev:ow:10e2073a01080063:voltage', 120.1],
      [1276020071.001, 'gateway', 'urn:dev:ow:10e2073a01080063:current', 1.2]
    ]
  },
  telegraf: {
    payload: {
      fields: { field_1: 30, field_2: 4, field_N: 59, n_images: 660 },
      name: 'docker',
      tags: { host: 'raynor' },
      timestamp: 1458229140
    },
    rows: [
      [1458229140, 'raynor', 'field_1', 30],
      [1458229140, 'raynor', 'field_2', 4],
      [1458229140, 'raynor', 'field_N', 59],
      [1458229140, 'raynor', 'n_images', 660]
    ]
  },
  'telegraf-batch': {
    payload: {
      metrics: [
        {
          fields: { n_images: 660 },
          name: 'docker',
          tags: { host: 'raynor' },
          timestamp: 1458229140
        }
      ]
    },
    rows: [[1458229140, 'raynor', 'n_images', 660]]
  }
}

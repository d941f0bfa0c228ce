/** Settings for the devices of one make. */
export interface Preset {
  readonly label: string
  /** Where the maker describes the messages. */
  readonly document: string
  /** What differs from the defaults of the fields. */
  readonly settings: Readonly<Record<string, unknown>>
}

const TIME_OF_KAFKA = { to: 'ts', from: 'kafka-time', of: '', wins: 'payload' } as const
const ANY_WORD = { metric: '*', action: 'words', by: '' } as const
const keep = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields).map(([from, to]) => ({ from, to }))
const names = (...fields: string[]) => fields.map(field => ({ field, metric: '' }))

/** By name; a label says whose devices they are. */
export const PRESETS = {
  tasmota: {
    label: 'Tasmota',
    document: 'https://tasmota.github.io/docs/MQTT/',
    settings: { topic: 'tele/{device_id}/SENSOR', keep: keep({ Time: 'ts' }), lists: true }
  },
  zigbee2mqtt: {
    label: 'Zigbee2MQTT',
    document: 'https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html',
    settings: {
      topic: 'zigbee2mqtt/#',
      restTo: 'device_id',
      sources: [TIME_OF_KAFKA],
      keep: keep({ device_id: '', ts: '' })
    }
  },
  shelly1: {
    label: 'Shelly Gen 1',
    document: 'https://shelly-api-docs.shelly.cloud/gen1/#mqtt-support',
    settings: {
      bare: true,
      topic: 'shellies/{device_id}/#',
      restTo: 'metric',
      sources: [TIME_OF_KAFKA],
      mode: 'keep',
      keep: [],
      values: [ANY_WORD]
    }
  },
  shelly2: {
    label: 'Shelly Gen 2 and later',
    document: 'https://shelly-api-docs.shelly.cloud/gen2/General/Notifications',
    settings: {
      keep: keep({ src: 'device_id', 'params.ts': 'ts' }),
      at: 'params',
      which: 'except',
      names: names('*.id', '*.*.minute_ts')
    }
  },
  esphome: {
    label: 'ESPHome',
    document: 'https://esphome.io/components/mqtt/',
    settings: {
      bare: true,
      topic: '{device_id}/{component}/{metric}/state',
      sources: [TIME_OF_KAFKA],
      mode: 'keep',
      keep: [],
      values: [ANY_WORD]
    }
  },
  chirpstack: {
    label: 'ChirpStack v4',
    document: 'https://www.chirpstack.io/docs/chirpstack/integrations/events.html',
    settings: { keep: keep({ 'deviceInfo.devEui': 'device_id', time: 'ts' }), at: 'object' }
  },
  ttn: {
    label: 'The Things Stack v3',
    document: 'https://www.thethingsindustries.com/docs/integrations/data-formats/',
    settings: {
      keep: keep({ 'end_device_ids.device_id': 'device_id', received_at: 'ts' }),
      at: 'uplink_message.decoded_payload'
    }
  },
  thingsboard: {
    label: 'ThingsBoard, values alone',
    document: 'https://thingsboard.io/docs/reference/mqtt-api/telemetry/',
    settings: {
      sources: [{ to: 'device_id', from: 'key', of: '', wins: 'payload' }, TIME_OF_KAFKA]
    }
  },
  'thingsboard-time': {
    label: 'ThingsBoard, ts and values',
    document: 'https://thingsboard.io/docs/reference/mqtt-api/telemetry/',
    settings: {
      sources: [{ to: 'device_id', from: 'key', of: '', wins: 'payload' }],
      keep: keep({ ts: '' }),
      at: 'values'
    }
  },
  'thingsboard-gateway': {
    label: 'ThingsBoard gateway',
    document: 'https://thingsboard.io/docs/reference/gateway-api/telemetry/',
    settings: { recordsAt: 'values', at: 'values' }
  },
  owntracks: {
    label: 'OwnTracks',
    document: 'https://owntracks.org/booklet/tech/json/',
    settings: {
      topic: 'owntracks/{user}/{device_id}',
      keep: keep({ tst: 'ts' }),
      which: 'except',
      names: names('created_at')
    }
  },
  kepserver: {
    label: 'KEPServerEX IoT Gateway',
    document:
      'https://support.ptc.com/help/kepware/kepware_edge/en/kepware/kepware-edge/edge-iot-mqtt.html',
    settings: {
      recordsAt: 'list',
      listPath: 'values',
      outer: false,
      mode: 'keep',
      others: false,
      keep: keep({ id: 'metric', v: 'value', t: 'ts', q: 'quality' })
    }
  },
  opcua: {
    label: 'OPC UA PubSub (JSON)',
    document: 'https://reference.opcfoundation.org/Core/Part14/v105/docs/7.2.5',
    settings: {
      recordsAt: 'list',
      listPath: 'Messages',
      keep: keep({ PublisherId: 'device_id', Timestamp: 'ts' }),
      at: 'Payload',
      each: 'object'
    }
  },
  azure: {
    label: 'Azure IoT Operations',
    document:
      'https://learn.microsoft.com/azure/iot-operations/discover-manage-assets/concept-opcua-message-format',
    settings: { topic: 'azure-iot-operations/data/{device_id}', keep: [], each: 'object' }
  },
  'aws-shadow': {
    label: 'AWS IoT device shadow',
    document: 'https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-document.html',
    settings: {
      topic: '$aws/things/{device_id}/shadow/update/accepted',
      keep: keep({ timestamp: 'ts' }),
      at: 'state.reported'
    }
  },
  victron: {
    label: 'Victron Energy',
    document: 'https://github.com/victronenergy/venus-html5-app/blob/master/TOPICS.md',
    settings: {
      topic: 'N/{portal}/{service}/{instance}/#',
      restTo: 'metric',
      sources: [TIME_OF_KAFKA],
      mode: 'keep',
      keep: keep({ portal: 'device_id' })
    }
  },
  flespi: {
    label: 'flespi',
    document: 'https://flespi.com/kb/messages-basic-information-units',
    settings: {
      keep: keep({ ident: 'device_id', timestamp: 'ts' }),
      which: 'except',
      names: names(
        '["server.timestamp"]',
        '["device.id"]',
        '["channel.id"]',
        '["device.type.id"]',
        '["protocol.id"]'
      )
    }
  },
  rtl433: {
    label: 'rtl_433',
    document: 'https://triq.org/rtl_433/DATA_FORMAT.html',
    settings: { keep: keep({ id: 'device_id', time: 'ts', model: '', channel: '' }) }
  },
  senml: {
    label: 'SenML, read by decode',
    document: 'https://www.rfc-editor.org/rfc/rfc8428',
    settings: {
      mode: 'keep',
      others: false,
      keep: keep({ name: 'metric', value: '', ts: '', unit: '' })
    }
  },
  telegraf: {
    label: 'Telegraf JSON',
    document: 'https://docs.influxdata.com/telegraf/v1/data_formats/output/json/',
    settings: {
      keep: keep({ 'tags.host': 'device_id', timestamp: 'ts', name: 'measurement' }),
      at: 'fields'
    }
  },
  'telegraf-batch': {
    label: 'Telegraf JSON, batches',
    document: 'https://docs.influxdata.com/telegraf/v1/data_formats/output/json/',
    settings: {
      recordsAt: 'list',
      listPath: 'metrics',
      keep: keep({ 'tags.host': 'device_id', timestamp: 'ts', name: 'measurement' }),
      at: 'fields'
    }
  }
} as const satisfies Readonly<Record<string, Preset>>

export type PresetName = keyof typeof PRESETS

export const isPreset = (name: unknown): name is PresetName =>
  typeof name === 'string' && Object.hasOwn(PRESETS, name)

/** For the dialog: what a person reads, by name. */
export const PRESET_CHOICES = {
  own: 'none, settings of your own',
  ...(Object.fromEntries(
    Object.entries(PRESETS).map(([name, { label }]) => [name, label])
  ) as Record<PresetName, string>)
}

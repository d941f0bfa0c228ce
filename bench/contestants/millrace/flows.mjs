// The pipeline of the examples. What is not named here has its default; rejected records go to no
// node, as there are none.
const {
  MQTT_URL,
  MQTT_SHARE = '',
  KAFKA_BROKERS,
  RAW_TOPIC,
  CLEAN_TOPIC,
  GROUP,
  CLIENT_ID,
  TIMESCALE_URL,
  INFLUX_URL,
  TABLE,
  META,
  VALUES = '1',
  PACE,
  KEEP
} = process.env

/** PACE=economy npm run bench …: another pace than the usual one. */
const pace = PACE && { pace: PACE }

const settings = [
  { id: 'broker', type: 'millrace-mqtt-broker', url: MQTT_URL, clientId: CLIENT_ID },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: KAFKA_BROKERS, clientId: CLIENT_ID },
  { id: 'database', type: 'millrace-timescale-database', url: TIMESCALE_URL },
  ...(INFLUX_URL
    ? [
        {
          id: 'server',
          type: 'millrace-influx-server',
          service: 'questdb',
          api: 'v1',
          url: INFLUX_URL
        }
      ]
    : [])
]

/** KEEP=kafka npm run bench -- W …: what is remembered is kept in a Kafka topic. */
const keep = KEEP === 'kafka' && {
  keepIn: 'kafka',
  cluster: 'cluster',
  stateTopic: `${GROUP}-state`
}

/** A tab with nodes in a row: the first output of each goes to the next. */
const row = (tab, ...nodes) => [
  { id: tab, type: 'tab', label: tab },
  ...nodes.map((node, index) => ({
    z: tab,
    x: 100 + 160 * index,
    y: 100,
    ...node,
    wires: [index < nodes.length - 1 ? [nodes[index + 1].id] : [], []]
  }))
]

const ingest = () =>
  row(
    'ingest',
    {
      id: 'mqtt',
      type: 'millrace-mqtt-ingest',
      broker: 'broker',
      output: 'messages',
      clientId: CLIENT_ID,
      group: MQTT_SHARE,
      ...pace
    },
    { id: 'raw', type: 'millrace-kafka-producer', cluster: 'cluster', topic: RAW_TOPIC }
  )

const processing = () =>
  row(
    'process',
    {
      id: 'from-raw',
      type: 'millrace-kafka-consumer',
      cluster: 'cluster',
      topics: RAW_TOPIC,
      groupId: `${GROUP}-process`,
      ...pace
    },
    { id: 'validate', type: 'millrace-validate' },
    { id: 'normalize', type: 'millrace-normalize' },
    { id: 'enrich', type: 'millrace-enrich', source: 'file', file: META },
    { id: 'clean', type: 'millrace-kafka-producer', cluster: 'cluster', topic: CLEAN_TOPIC }
  )

/** More than one metric in a record needs a column for each. */
const more = Array.from({ length: Number(VALUES) - 1 }, (_, index) => `value_${index + 2}`)
const columns = more.length > 0 && {
  columns: [
    { column: 'time', from: 'ts_utc', type: 'timestamptz', role: 'key' },
    { column: 'device_id', from: 'device_id', type: 'text', role: 'key' },
    { column: 'location', from: 'location', type: 'text', role: 'optional' },
    { column: 'metric', from: 'metric', type: 'text', role: 'key' },
    { column: 'value', from: 'value', type: 'double precision', role: 'required' },
    ...more.map(name => ({ column: name, from: name, type: 'double precision', role: 'optional' }))
  ]
}

const persist = () =>
  row(
    'persist',
    {
      id: 'from-clean',
      type: 'millrace-kafka-consumer',
      cluster: 'cluster',
      topics: CLEAN_TOPIC,
      groupId: `${GROUP}-persist`,
      ...pace
    },
    { id: 'sink', type: 'millrace-timescale-sink', database: 'database', table: TABLE, ...columns }
  )

const pointing = () =>
  row(
    'points',
    {
      id: 'from-clean',
      type: 'millrace-kafka-consumer',
      cluster: 'cluster',
      topics: CLEAN_TOPIC,
      groupId: `${GROUP}-points`,
      ...pace
    },
    { id: 'sink', type: 'millrace-influx-sink', server: 'server', measurement: TABLE }
  )

/** Averages of each device and minute. */
const averaging = () =>
  row(
    'average',
    {
      id: 'from-raw',
      type: 'millrace-kafka-consumer',
      cluster: 'cluster',
      topics: RAW_TOPIC,
      groupId: `${GROUP}-average`,
      ...pace
    },
    {
      id: 'minutes',
      type: 'millrace-aggregate',
      timeField: 'ts',
      key: [{ field: 'device_id' }],
      shape: 'wide',
      ...keep
    },
    { id: 'averages', type: 'millrace-kafka-producer', cluster: 'cluster', topic: CLEAN_TOPIC }
  )

const posting = () =>
  row(
    'post',
    { id: 'http', type: 'millrace-http-ingest', urlPath: 'bench', access: 'open' },
    { id: 'raw', type: 'millrace-kafka-producer', cluster: 'cluster', topic: RAW_TOPIC }
  )

const lanes = {
  A: [ingest],
  B: [processing],
  C: [persist],
  W: [averaging],
  E: [ingest, processing, persist],
  http: [posting],
  influx: [pointing]
}

export const flowsOf = lane => [...settings, ...lanes[lane].flatMap(flow => flow())]

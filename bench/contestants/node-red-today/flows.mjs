// A message at a time, as the nodes do it when they are left at their defaults (the consumer's
// options must be shown, or it does not read from the beginning). Rows are written by a function
// with pg: what the usual PostgreSQL node does, and no slower.
const {
  MQTT_URL,
  MQTT_FILTER,
  KAFKA_BROKERS,
  RAW_TOPIC,
  CLEAN_TOPIC,
  GROUP,
  CLIENT_ID,
  TIMESCALE_URL,
  TABLE,
  META
} = process.env

const wired = (lane, ...nodes) =>
  nodes.map((node, index) => ({
    z: lane,
    ...node,
    wires: index < nodes.length - 1 ? [[nodes[index + 1].id]] : [[]]
  }))
const code = (id, func, more = {}) => ({
  id,
  type: 'function',
  func,
  outputs: 1,
  timeout: 0,
  noerr: 0,
  initialize: '',
  finalize: '',
  libs: [],
  ...more
})
const json = (id, action) => ({ id, type: 'json', property: 'payload', action, pretty: false })

const cluster = {
  id: 'cluster',
  type: 'kafkajs-client',
  brokers: KAFKA_BROKERS,
  clientid: CLIENT_ID,
  connectiontimeout: 3000,
  requesttimeout: 25000,
  advancedretry: false,
  auth: 'none',
  loglevel: 'error'
}

const producer = (id, topic) => ({
  id,
  type: 'kafkajs-producer',
  client: 'cluster',
  topic,
  advancedoptions: false,
  acknowledge: 'all',
  partition: null,
  headeritems: {},
  key: null,
  responsetimeout: 30000,
  transactiontimeout: 60000,
  metadatamaxage: 300000,
  allowautotopiccreation: false
})

const consumer = (id, topic, group) => ({
  id,
  type: 'kafkajs-consumer',
  client: 'cluster',
  groupid: group,
  topic,
  advancedoptions: true,
  autocommitinterval: 5000,
  autocommitthreshold: 100,
  sessiontimeout: 30000,
  rebalancetimeout: 60000,
  heartbeatinterval: 3000,
  metadatamaxage: 300000,
  maxbytesperpartition: 1048576,
  minbytes: 1,
  maxbytes: 10485760,
  maxwaittimeinms: 5000,
  frombeginning: true,
  clearoffsets: false,
  allowautotopiccreation: false
})

function ingest() {
  const { hostname, port } = new URL(MQTT_URL)
  const broker = {
    id: 'broker',
    type: 'mqtt-broker',
    broker: hostname,
    port,
    clientid: CLIENT_ID,
    autoConnect: true,
    usetls: false,
    protocolVersion: '5',
    keepalive: '60',
    cleansession: false,
    // its default unsubscribes at a stop: then the session holds nothing of what is published
    // meanwhile
    autoUnsubscribe: false,
    sessionExpiry: '86400'
  }
  const nodes = wired(
    'A',
    {
      id: 'in',
      type: 'mqtt in',
      topic: MQTT_FILTER,
      qos: '1',
      datatype: 'utf8',
      broker: 'broker',
      nl: false,
      rap: true,
      rh: 0,
      inputs: 0
    },
    code('key', "msg.key = msg.topic.split('/')[3]\nreturn msg"),
    producer('raw', RAW_TOPIC)
  )
  return [{ id: 'A', type: 'tab', label: 'ingest' }, broker, ...nodes]
}

const PROCESS = `
const record = msg.payload
for (const name of ['device_id', 'metric', 'value', 'ts']) if (record[name] === undefined) return null
record.ts_utc = new Date(record.ts).toISOString()
record.location = context.get('places')[record.device_id]?.location
msg.key = record.device_id
return msg`

const process_ = () => [
  { id: 'B', type: 'tab', label: 'process' },
  ...wired(
    'B',
    consumer('from-raw', RAW_TOPIC, `${GROUP}-process`),
    code('raw-value', 'msg.payload = msg.payload.value\nreturn msg'),
    json('raw-parse', 'obj'),
    code('process', PROCESS, {
      initialize: `context.set('places', JSON.parse(fs.readFileSync(${JSON.stringify(META)}, 'utf8')))`,
      libs: [{ var: 'fs', module: 'fs' }]
    }),
    json('stringify', 'str'),
    producer('clean', CLEAN_TOPIC)
  )
]

const INSERT = `
const { ts_utc, device_id, location, metric, value } = msg.payload
context.get('pool')
  .query('insert into "${TABLE}" (time, device_id, location, metric, value) values ($1, $2, $3, $4, $5) on conflict do nothing', [ts_utc, device_id, location, metric, value])
  .then(() => node.done(), error => node.error(error, msg))`

const persist = () => [
  { id: 'C', type: 'tab', label: 'persist' },
  ...wired(
    'C',
    consumer('from-clean', CLEAN_TOPIC, `${GROUP}-store`),
    code('clean-value', 'msg.payload = msg.payload.value\nreturn msg'),
    json('clean-parse', 'obj'),
    code('insert', INSERT, {
      initialize: `context.set('pool', new pg.Pool({ connectionString: ${JSON.stringify(TIMESCALE_URL)} }))`,
      libs: [{ var: 'pg', module: 'pg' }]
    })
  )
]

const lanes = { A: [ingest], B: [process_], C: [persist], E: [ingest, process_, persist] }

export const flowsOf = lane => [cluster, ...lanes[lane].flatMap(flow => flow())]

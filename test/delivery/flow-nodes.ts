/** The nodes that the small flows are made of: core nodes as the editor saves them, on one tab. */
import type { FlowEntry } from '../node-red.ts'

type Wires = string | string[] | string[][]
const wiresOf = (to: Wires): string[][] =>
  Array.isArray(to) ? (Array.isArray(to[0]) ? (to as string[][]) : [to as string[]]) : [[to]]
export const node = (id: string, type: string, to: Wires, more: object = {}): FlowEntry => ({
  id,
  z: 'tab',
  type,
  wires: wiresOf(to),
  ...more
})
export const source = (to: Wires) => node('source', 'test-source', to)
export const sink = (id = 'sink', more: object = {}): FlowEntry => ({
  id,
  z: 'tab',
  type: 'test-sink',
  wires: [],
  ...more
})
export const code = (id: string, func: string, to: Wires) =>
  node(id, 'function', to, {
    func,
    outputs: 1,
    timeout: 0,
    noerr: 0,
    initialize: '',
    finalize: '',
    libs: []
  })
export const catchAll = (to: Wires, more: object = {}) =>
  node('catch', 'catch', to, { scope: null, uncaught: false, ...more })
export const delay = (id: string, ms: number, to: Wires) =>
  node(id, 'delay', to, { pauseType: 'delay', timeout: String(ms), timeoutUnits: 'milliseconds' })
export const rate = (perSecond: number, drop: boolean) =>
  node('n', 'delay', 'sink', {
    pauseType: 'rate',
    rate: String(perSecond),
    nbRateUnits: '1',
    rateUnits: 'second',
    drop,
    timeout: '1',
    timeoutUnits: 'seconds'
  })
export const change = (id: string, to: Wires, more: object = {}) =>
  node(id, 'change', to, { rules: [{ t: 'set', p: 'a', pt: 'msg', to: '1', tot: 'num' }], ...more })
export const choose = (to: Wires, rule: object) =>
  node('n', 'switch', to, {
    property: 'payload',
    propertyType: 'msg',
    rules: [rule],
    checkall: 'true',
    repair: false,
    outputs: 1
  })
export const split = (to: Wires, more: object = {}) =>
  node('n', 'split', to, {
    splt: '\\n',
    spltType: 'str',
    arraySplt: 1,
    arraySpltType: 'len',
    ...more
  })
export const join = (to: Wires, more: object = {}) =>
  node('join', 'join', to, {
    mode: 'custom',
    build: 'array',
    property: 'payload',
    propertyType: 'msg',
    count: '3',
    accumulate: false,
    timeout: '',
    ...more
  })
export const batch = (to: Wires, more: object = {}) =>
  node('batch', 'batch', to, {
    mode: 'count',
    count: '3',
    overlap: 0,
    interval: '0.15',
    allowEmptySequence: false,
    topics: [],
    ...more
  })
export const trigger = (more: object) =>
  node('n', 'trigger', 'sink', {
    op1: '',
    op2: '',
    op1type: 'pay',
    op2type: 'nul',
    duration: '150',
    units: 'ms',
    extend: false,
    overrideDelay: false,
    reset: '',
    bytopic: 'all',
    outputs: 1,
    ...more
  })
export const filter = (func: string) =>
  node('n', 'rbe', 'sink', { func, property: 'payload', topi: 'topic', inout: 'out', gap: '' })
export const exec = (useSpawn: string) =>
  node('n', 'exec', [['sink'], [], []], {
    command: 'echo',
    addpay: 'payload',
    append: '',
    useSpawn,
    timer: '',
    oldrc: false
  })
export const request = (more: object = {}) =>
  node('n', 'http request', 'sink', {
    method: 'POST',
    ret: 'txt',
    paytoqs: 'ignore',
    url: '{{ECHO_URL}}',
    tls: '',
    persist: false,
    proxy: '',
    authType: '',
    senderr: false,
    headers: [],
    ...more
  })
export const subflow = (inner: object): FlowEntry[] => [
  {
    id: 'sub',
    type: 'subflow',
    name: 'sub',
    in: [{ wires: [{ id: 'inner' }] }],
    out: [{ wires: [{ id: 'inner', port: 0 }] }],
    env: []
  },
  { id: 'inner', z: 'sub', type: 'delay', wires: [[]], ...inner }
]
export const linkCall = (more: object) =>
  node('call', 'link call', 'sink', { links: ['in'], linkType: 'static', timeout: '0.2', ...more })
export const linkIn = (id: string, from: string[], to: Wires) =>
  node(id, 'link in', to, { links: from })
export const linkReturn = node('return', 'link out', [], { mode: 'return', links: [] })

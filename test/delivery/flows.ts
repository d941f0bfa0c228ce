/** Small flows, each with what must become of a message that a source sends into it. */

import { DROPPED, FAILED, type FlowCase, flow, HELD, lines, mark, SOME, STORED, THRICE, TWICE, through } from './flow-case.ts'
import {
  batch,
  catchAll,
  change,
  choose,
  code,
  delay,
  exec,
  filter,
  join,
  linkCall,
  linkIn,
  linkReturn,
  node,
  rate,
  request,
  sink,
  source,
  split,
  subflow,
  trigger
} from './flow-nodes.ts'

const DIRECT = [
  flow('direct', [source('sink'), sink()]),
  flow('fan-out to two sinks, one slow', [source(['sink', 'slow']), sink(), sink('slow', { delayMs: 120 })], TWICE),
  flow('two paths to one sink', [source(['c', 'd']), change('c', 'sink'), delay('d', 80, 'sink'), sink()], TWICE),
  flow('a sink that fails', [source('sink'), sink('sink', { fail: true })], FAILED),
  flow('one of two sinks fails', [source(['sink', 'bad']), sink(), sink('bad', { fail: true })], { ...FAILED, visits: 1 }),
  flow('a sink that does not confirm', [source('sink'), sink('sink', { silent: true })], {
    stored: ['timeout'],
    finished: ['filtered'],
    visits: 1
  }),
  flow('two sinks, one does not confirm', [source(['sink', 'mute']), sink(), sink('mute', { silent: true, delayMs: 120 })], TWICE),
  flow('no wire', [source([]), sink()], DROPPED),
  through('to a disabled node', change('n', 'sink', { d: true }), DROPPED)
]

const FUNCTION = [
  through('function returns the message', code('n', 'msg.a = 1; return msg', 'sink')),
  through('function returns a new message', code('n', 'return { payload: msg.payload }', 'sink')),
  through('function returns a JSON copy', code('n', 'return JSON.parse(JSON.stringify(msg))', 'sink')),
  through('function returns a spread copy', code('n', 'return { ...msg }', 'sink')),
  through('function waits, then returns', code('n', 'await new Promise(r => setTimeout(r, 50)); return msg', 'sink')),
  through('function sends later, done by itself', code('n', 'setTimeout(() => node.send(msg), 50); return null', 'sink')),
  through(
    'function sends a new message later',
    code('n', 'setTimeout(() => node.send({ payload: msg.payload }), 50); return null', 'sink')
  ),
  through('function sends later and calls done', code('n', 'setTimeout(() => { node.send(msg); node.done() }, 50)', 'sink')),
  through('function drops', code('n', 'return null', 'sink'), DROPPED),
  through(
    'function sends three on one output',
    code('n', 'return [[{ payload: msg.payload }, { payload: msg.payload }, { payload: msg.payload }]]', 'sink'),
    THRICE
  ),
  through('function sends the same object twice', code('n', 'node.send(msg); node.send(msg)', 'sink'), TWICE),
  through(
    // It calls done() for each before it has sent anything of it: nobody can know. Use join or batch.
    'function keeps three in its context and sends them as one',
    code(
      'n',
      'const b = context.get("b") || []; b.push(msg.payload); context.set("b", b.length === 3 ? [] : b); return b.length === 3 ? { payload: b } : null',
      'sink'
    ),
    {
      stored: index => [index === 2 ? 'stored' : 'timeout'],
      finished: index => [index === 2 ? 'stored' : 'early'],
      visits: 1,
      count: 3,
      gapMs: 400
    }
  ),
  through('function throws', code('n', 'throw new Error("x")', 'sink'), FAILED),
  through('function throws, caught', [code('n', 'throw new Error("x")', 'sink'), catchAll('sink')]),
  through('function throws, caught by uncaught and delayed', [
    code('n', 'throw new Error("x")', 'sink'),
    catchAll('d', { uncaught: true }),
    delay('d', 80, 'sink')
  ]),
  through('function reports an error', code('n', 'node.error("x", msg); return null', 'sink'), FAILED),
  through('function reports an error, caught', [code('n', 'node.error("x", msg); return null', 'sink'), catchAll('sink')])
]

const CORE = [
  through('switch passes', choose('sink', { t: 'cont', v: '@', vt: 'str' })),
  through('switch passes 20', choose('sink', { t: 'cont', v: '@', vt: 'str' }), { ...STORED, count: 20 }),
  through('switch drops', choose('sink', { t: 'eq', v: 'zzz', vt: 'str' }), DROPPED),
  through('switch drops 20', choose('sink', { t: 'eq', v: 'zzz', vt: 'str' }), { ...DROPPED, count: 20 }),
  through('switch with a rule that fails', choose('sink', { t: 'jsonata_exp', v: '$error("x")', vt: 'jsonata' }), FAILED),
  through('change', change('n', 'sink')),
  through('change, 20 messages', change('n', 'sink'), { ...STORED, count: 20 }),
  through(
    'template',
    node('n', 'template', 'sink', { field: 'payload', fieldType: 'msg', syntax: 'mustache', template: 'v={{{payload}}}', output: 'str' })
  ),
  through(
    'json to debug',
    [
      node('n', 'json', 'x', { property: 'payload', action: 'str' }),
      node('x', 'debug', [], { active: false, tosidebar: false, console: false, complete: 'payload', targetType: 'msg' })
    ],
    DROPPED
  ),
  through(
    'csv: three rows',
    node('n', 'csv', 'sink', {
      spec: 'rfc',
      sep: ',',
      hdrin: false,
      hdrout: 'none',
      multi: 'one',
      ret: '\\n',
      temp: 'a',
      skip: '0',
      strings: true
    }),
    { ...THRICE, payload: index => [mark(index), mark(index), mark(index)].join('\n') }
  ),
  through('filter passes', filter('rbe'), { ...STORED, count: 3 }),
  through('filter drops the first', filter('rbei'), DROPPED),
  through('exec', exec('false')),
  through('exec, streamed', exec('true')),
  through('http request', request()),
  through('http request, five at a time', request(), { ...STORED, count: 5 }),
  through('http request refused', request({ url: 'http://127.0.0.1:1/', senderr: true }), FAILED),
  through('http request refused, caught', [request({ url: 'http://127.0.0.1:1/', senderr: true }), catchAll('sink')]),
  through(
    'a Complete node has a sink of its own',
    [
      code('n', 'return msg', 'sink'),
      node('complete', 'complete', 'slow', { scope: ['n'], uncaught: false }),
      sink('slow', { delayMs: 100 })
    ],
    TWICE
  )
]

const SEQUENCES = [
  through('split', split('sink'), { ...THRICE, payload: lines }),
  through('split, then new messages', [split('g'), code('g', 'return { payload: msg.payload }', 'sink')], { ...THRICE, payload: lines }),
  through('split and join', [split('join'), join('sink', { mode: 'auto', build: 'object' })], { ...STORED, payload: lines }),
  through('split an empty array', split('sink'), { ...DROPPED, payload: () => [] }),
  // It never calls done() for it.
  through('split nothing', split('sink'), { ...HELD, payload: () => undefined }),
  // It keeps the rest of a text for the next message and has called done(): only `stored` waits, and sends it again.
  through('split a stream: the rest is kept for the next message', split('sink', { stream: true }), {
    payload: index => (index === 2 ? `${mark(2)}\n\n` : mark(index)),
    stored: index => [index === 2 ? 'stored' : 'timeout'],
    finished: index => [index === 2 ? 'stored' : 'filtered'],
    visits: 1,
    count: 3,
    gapMs: 40
  }),
  through('join three', join('sink'), { ...STORED, count: 3, gapMs: 40 }),
  through('join by timeout', join('sink', { timeout: '0.15' }), { ...STORED, count: 2, gapMs: 20 }),
  through('join three, then a slow path', [join('d'), delay('d', 100, 'sink')], { ...STORED, count: 3, gapMs: 10 }),
  through('join three, then fail', [join('g'), code('g', 'throw new Error("x")', 'sink')], { ...FAILED, count: 3, gapMs: 10 }),
  through(
    'join as a sum',
    [
      split('join'),
      join('sink', { mode: 'reduce', reduceExp: '$A & payload', reduceInit: '', reduceInitType: 'str', reduceFixup: '', count: '' })
    ],
    { ...STORED, payload: lines }
  ),
  through('batch of three', batch('sink'), { ...STORED, count: 3, gapMs: 40 }),
  // What is in the overlap is held for the next group.
  through('batch of three with overlap', batch('sink', { overlap: 1 }), {
    stored: index => [index === 4 ? 'timeout' : 'stored'],
    finished: index => [index === 4 ? 'timeout' : 'stored'],
    visits: 1,
    count: 5,
    gapMs: 20
  }),
  through('batch by time', batch('sink', { mode: 'interval' }), { ...STORED, count: 3, gapMs: 10 }),
  through('batch of three, then join', [batch('join'), join('sink', { mode: 'auto', count: '' })], { ...STORED, count: 3, gapMs: 20 }),
  through('batch that is never full', batch('sink'), { ...HELD, count: 2, gapMs: 10 }),
  through(
    'sort a split array',
    [
      split('sort'),
      node('sort', 'sort', 'sink', {
        order: 'ascending',
        as_num: false,
        target: 'payload',
        targetType: 'seq',
        msgKey: 'payload',
        msgKeyType: 'elem',
        seqKey: 'payload',
        seqKeyType: 'msg'
      })
    ],
    { ...THRICE, payload: lines }
  )
]

const TIME = [
  through('delay', delay('n', 100, 'sink'), { ...STORED, count: 3 }),
  through('rate limit with a queue', rate(20, false), { ...STORED, count: 5 }),
  through('rate limit that drops', rate(1, true), { ...SOME, count: 3 }),
  // It never calls done() for what it throws away: sent again, though it need not be.
  through('rate limit, queue reset', rate(0.1, false), {
    stored: index => [index === 0 ? 'stored' : 'timeout'],
    finished: index => [index === 0 ? 'stored' : index === 3 ? 'filtered' : 'timeout'],
    visits: 0,
    count: 4,
    gapMs: 10,
    change: (message, index) => {
      if (index === 3) message.reset = true
    }
  }),
  through('trigger: send, then nothing', trigger({})),
  // The node keeps the payload and has called done(): what it sends again later belongs to nobody.
  through('trigger: send, and again later', trigger({ op2type: 'pay' }), {
    stored: ['early', 'stored'],
    finished: ['early', 'stored'],
    visits: 2
  }),
  through('trigger: send when it is quiet', trigger({ op1type: 'nul', op2type: 'payl', extend: true }))
]

const LINKS = [
  flow('link', [source('out'), node('out', 'link out', [], { mode: 'link', links: ['in'] }), linkIn('in', ['out'], 'sink'), sink()]),
  flow(
    'link to two',
    [
      source('out'),
      node('out', 'link out', [], { mode: 'link', links: ['in', 'in2'] }),
      linkIn('in', ['out'], 'sink'),
      linkIn('in2', ['out'], 'slow'),
      sink(),
      sink('slow', { delayMs: 100 })
    ],
    TWICE
  ),
  through('link call', [
    linkCall({ timeout: '2' }),
    linkIn('in', [], 'g'),
    code('g', 'await new Promise(r => setTimeout(r, 40)); return msg', 'return'),
    linkReturn
  ]),
  through('link call that never returns', [linkCall({}), linkIn('in', [], 'g'), code('g', 'return null', 'return'), linkReturn], FAILED),
  through('link call that never returns, caught', [
    linkCall({}),
    linkIn('in', [], 'g'),
    code('g', 'return null', 'return'),
    linkReturn,
    catchAll('sink')
  ]),
  through('link call to nobody', linkCall({ links: [], linkType: 'dynamic', timeout: '2' }), FAILED),
  through('subflow', [...subflow({ pauseType: 'delay', timeout: '60', timeoutUnits: 'milliseconds' }), node('n', 'subflow:sub', 'sink')]),
  through('an error in a subflow, caught outside', [
    ...subflow({ type: 'function', func: 'throw new Error("in the subflow")', outputs: 1, libs: [] }),
    node('n', 'subflow:sub', 'sink'),
    catchAll('sink', { scope: ['n'] })
  ])
]

const THIRD_PARTY = [
  through('legacy, sync', node('n', 'legacy-sync', 'sink'), { ...STORED, count: 3 }),
  through('legacy, async', node('n', 'legacy-async', 'sink'), { ...STORED, count: 3 }),
  through('legacy, async, a new message', node('n', 'legacy-async-new', 'sink'), { ...STORED, count: 3 }),
  // Slower than the graces: in `finished` nobody can tell it from a node that drops.
  through('legacy, slower than the grace', node('n', 'legacy-slow', 'sink'), { ...STORED, finished: ['early', 'stored'], count: 2 }),
  through('async, a new message', node('n', 'async-new', 'sink'), { ...STORED, count: 3 }),
  through('done, then send', node('n', 'done-then-send', 'sink')),
  through('done, then send a new message', node('n', 'done-then-send-new', 'sink'), {
    stored: ['timeout'],
    finished: ['filtered'],
    visits: 1
  }),
  through('never done', node('n', 'never-done', 'sink'), { ...HELD, visits: 1 }),
  through('throws', node('n', 'throws', 'sink'), FAILED),
  through('throws, caught', [node('n', 'throws', 'sink'), catchAll('sink')]),
  through('reports an error and is done', node('n', 'reports-error', 'sink', { alsoDone: true }), FAILED),
  through('reports an error, never done', node('n', 'reports-error', 'sink'), FAILED),
  through('fails later', node('n', 'fails-async', 'sink'), FAILED),
  through('collects three, sends, then done', node('n', 'collects-then-sends', 'sink'), { ...STORED, count: 3, gapMs: 10 }),
  through('collects three, done, then sends', node('n', 'sends-collected-last', 'sink'), { ...STORED, count: 3, gapMs: 10 })
]

export const FLOWS: readonly FlowCase[] = [...DIRECT, ...FUNCTION, ...CORE, ...SEQUENCES, ...TIME, ...LINKS, ...THIRD_PARTY]

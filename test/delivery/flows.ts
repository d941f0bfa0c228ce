/** Small flows, each with what must become of a message that a source sends into it. */

import {
  DROPPED,
  FAILED,
  type FlowCase,
  flow,
  HELD,
  mark,
  STORED,
  THRICE,
  TWICE,
  through
} from './flow-case.ts'
import {
  catchAll,
  change,
  choose,
  code,
  delay,
  exec,
  filter,
  node,
  request,
  sink,
  source
} from './flow-nodes.ts'
import { LINKS, SEQUENCES, TIME } from './flows-over-time.ts'

const DIRECT = [
  flow('direct', [source('sink'), sink()]),
  flow(
    'fan-out to two sinks, one slow',
    [source(['sink', 'slow']), sink(), sink('slow', { delayMs: 120 })],
    TWICE
  ),
  flow(
    'two paths to one sink',
    [source(['c', 'd']), change('c', 'sink'), delay('d', 80, 'sink'), sink()],
    TWICE
  ),
  flow('a sink that fails', [source('sink'), sink('sink', { fail: true })], FAILED),
  flow('one of two sinks fails', [source(['sink', 'bad']), sink(), sink('bad', { fail: true })], {
    ...FAILED,
    visits: 1
  }),
  flow('a sink that does not confirm', [source('sink'), sink('sink', { silent: true })], {
    stored: ['timeout'],
    finished: ['filtered'],
    visits: 1
  }),
  flow(
    'two sinks, one does not confirm',
    [source(['sink', 'mute']), sink(), sink('mute', { silent: true, delayMs: 120 })],
    TWICE
  ),
  flow('no wire', [source([]), sink()], DROPPED),
  through('to a disabled node', change('n', 'sink', { d: true }), DROPPED)
]

const FUNCTION = [
  through('function returns the message', code('n', 'msg.a = 1; return msg', 'sink')),
  through('function returns a new message', code('n', 'return { payload: msg.payload }', 'sink')),
  through(
    'function returns a JSON copy',
    code('n', 'return JSON.parse(JSON.stringify(msg))', 'sink')
  ),
  through('function returns a spread copy', code('n', 'return { ...msg }', 'sink')),
  through(
    'function waits, then returns',
    code('n', 'await new Promise(r => setTimeout(r, 50)); return msg', 'sink')
  ),
  through(
    'function sends later, done by itself',
    code('n', 'setTimeout(() => node.send(msg), 50); return null', 'sink')
  ),
  through(
    'function sends a new message later',
    code('n', 'setTimeout(() => node.send({ payload: msg.payload }), 50); return null', 'sink')
  ),
  through(
    'function sends later and calls done',
    code('n', 'setTimeout(() => { node.send(msg); node.done() }, 50)', 'sink')
  ),
  through('function drops', code('n', 'return null', 'sink'), DROPPED),
  through(
    'function sends three on one output',
    code(
      'n',
      'return [[{ payload: msg.payload }, { payload: msg.payload }, { payload: msg.payload }]]',
      'sink'
    ),
    THRICE
  ),
  through(
    'function sends the same object twice',
    code('n', 'node.send(msg); node.send(msg)', 'sink'),
    TWICE
  ),
  through(
    // It calls done() for each before it has sent anything of it: nobody can know. Use join or
    // batch.
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
  through(
    'function reports an error',
    code('n', 'node.error("x", msg); return null', 'sink'),
    FAILED
  ),
  through('function reports an error, caught', [
    code('n', 'node.error("x", msg); return null', 'sink'),
    catchAll('sink')
  ])
]

const CORE = [
  through('switch passes', choose('sink', { t: 'cont', v: '@', vt: 'str' })),
  through('switch passes 20', choose('sink', { t: 'cont', v: '@', vt: 'str' }), {
    ...STORED,
    count: 20
  }),
  through('switch drops', choose('sink', { t: 'eq', v: 'zzz', vt: 'str' }), DROPPED),
  through('switch drops 20', choose('sink', { t: 'eq', v: 'zzz', vt: 'str' }), {
    ...DROPPED,
    count: 20
  }),
  through(
    'switch with a rule that fails',
    choose('sink', { t: 'jsonata_exp', v: '$error("x")', vt: 'jsonata' }),
    FAILED
  ),
  through('change', change('n', 'sink')),
  through('change, 20 messages', change('n', 'sink'), { ...STORED, count: 20 }),
  through(
    'template',
    node('n', 'template', 'sink', {
      field: 'payload',
      fieldType: 'msg',
      syntax: 'mustache',
      template: 'v={{{payload}}}',
      output: 'str'
    })
  ),
  through(
    'json to debug',
    [
      node('n', 'json', 'x', { property: 'payload', action: 'str' }),
      node('x', 'debug', [], {
        active: false,
        tosidebar: false,
        console: false,
        complete: 'payload',
        targetType: 'msg'
      })
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
  through('http request refused, caught', [
    request({ url: 'http://127.0.0.1:1/', senderr: true }),
    catchAll('sink')
  ]),
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

const THIRD_PARTY = [
  through('legacy, sync', node('n', 'legacy-sync', 'sink'), { ...STORED, count: 3 }),
  through('legacy, async', node('n', 'legacy-async', 'sink'), { ...STORED, count: 3 }),
  through('legacy, async, a new message', node('n', 'legacy-async-new', 'sink'), {
    ...STORED,
    count: 3
  }),
  // Slower than the graces: in `finished` nobody can tell it from a node that drops.
  through('legacy, slower than the grace', node('n', 'legacy-slow', 'sink'), {
    ...STORED,
    finished: ['early', 'stored'],
    count: 2
  }),
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
  through(
    'reports an error and is done',
    node('n', 'reports-error', 'sink', { alsoDone: true }),
    FAILED
  ),
  through('reports an error, never done', node('n', 'reports-error', 'sink'), FAILED),
  through('fails later', node('n', 'fails-async', 'sink'), FAILED),
  through('collects three, sends, then done', node('n', 'collects-then-sends', 'sink'), {
    ...STORED,
    count: 3,
    gapMs: 10
  }),
  through('collects three, done, then sends', node('n', 'sends-collected-last', 'sink'), {
    ...STORED,
    count: 3,
    gapMs: 10
  })
]

export const FLOWS: readonly FlowCase[] = [
  ...DIRECT,
  ...FUNCTION,
  ...CORE,
  ...SEQUENCES,
  ...TIME,
  ...LINKS,
  ...THIRD_PARTY
]

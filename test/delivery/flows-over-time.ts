/** Flows that hold messages back, put them together, or lead them elsewhere. */
import {
  DROPPED,
  FAILED,
  flow,
  HELD,
  lines,
  mark,
  SOME,
  STORED,
  THRICE,
  TWICE,
  through
} from './flow-case.ts'
import {
  batch,
  catchAll,
  code,
  delay,
  join,
  linkCall,
  linkIn,
  linkReturn,
  node,
  rate,
  sink,
  source,
  split,
  subflow,
  trigger
} from './flow-nodes.ts'

export const SEQUENCES = [
  through('split', split('sink'), { ...THRICE, payload: lines }),
  through(
    'split, then new messages',
    [split('g'), code('g', 'return { payload: msg.payload }', 'sink')],
    { ...THRICE, payload: lines }
  ),
  through('split and join', [split('join'), join('sink', { mode: 'auto', build: 'object' })], {
    ...STORED,
    payload: lines
  }),
  through('split an empty array', split('sink'), { ...DROPPED, payload: () => [] }),
  // It never calls done() for it.
  through('split nothing', split('sink'), { ...HELD, payload: () => undefined }),
  // It keeps the rest of a text for the next message and has called done(): only `stored` waits,
  // and sends it again.
  through(
    'split a stream: the rest is kept for the next message',
    split('sink', { stream: true }),
    {
      payload: index => (index === 2 ? `${mark(2)}\n\n` : mark(index)),
      stored: index => [index === 2 ? 'stored' : 'timeout'],
      finished: index => [index === 2 ? 'stored' : 'filtered'],
      visits: 1,
      count: 3,
      gapMs: 40
    }
  ),
  through('join three', join('sink'), { ...STORED, count: 3, gapMs: 40 }),
  through('join by timeout', join('sink', { timeout: '0.15' }), { ...STORED, count: 2, gapMs: 20 }),
  through('join three, then a slow path', [join('d'), delay('d', 100, 'sink')], {
    ...STORED,
    count: 3,
    gapMs: 10
  }),
  through('join three, then fail', [join('g'), code('g', 'throw new Error("x")', 'sink')], {
    ...FAILED,
    count: 3,
    gapMs: 10
  }),
  through(
    'join as a sum',
    [
      split('join'),
      join('sink', {
        mode: 'reduce',
        reduceExp: '$A & payload',
        reduceInit: '',
        reduceInitType: 'str',
        reduceFixup: '',
        count: ''
      })
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
  through('batch of three, then join', [batch('join'), join('sink', { mode: 'auto', count: '' })], {
    ...STORED,
    count: 3,
    gapMs: 20
  }),
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

export const TIME = [
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
  through(
    'trigger: send when it is quiet',
    trigger({ op1type: 'nul', op2type: 'payl', extend: true })
  )
]

export const LINKS = [
  flow('link', [
    source('out'),
    node('out', 'link out', [], { mode: 'link', links: ['in'] }),
    linkIn('in', ['out'], 'sink'),
    sink()
  ]),
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
  through(
    'link call that never returns',
    [linkCall({}), linkIn('in', [], 'g'), code('g', 'return null', 'return'), linkReturn],
    FAILED
  ),
  through('link call that never returns, caught', [
    linkCall({}),
    linkIn('in', [], 'g'),
    code('g', 'return null', 'return'),
    linkReturn,
    catchAll('sink')
  ]),
  through(
    'link call to nobody',
    linkCall({ links: [], linkType: 'dynamic', timeout: '2' }),
    FAILED
  ),
  through('subflow', [
    ...subflow({ pauseType: 'delay', timeout: '60', timeoutUnits: 'milliseconds' }),
    node('n', 'subflow:sub', 'sink')
  ]),
  through('an error in a subflow, caught outside', [
    ...subflow({
      type: 'function',
      func: 'throw new Error("in the subflow")',
      outputs: 1,
      libs: []
    }),
    node('n', 'subflow:sub', 'sink'),
    catchAll('sink', { scope: ['n'] })
  ])
]

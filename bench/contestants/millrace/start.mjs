import { resolve } from 'node:path'
import { startNodeRed } from '../node-red.mjs'
import { flowsOf } from './flows.mjs'

await startNodeRed({
  userDir: process.env.WORK,
  modules: { '@millrace/node-red-telemetry': resolve(import.meta.dirname, '..', '..', '..') },
  flows: flowsOf(process.argv[2])
})

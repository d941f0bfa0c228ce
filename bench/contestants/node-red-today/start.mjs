import { join } from 'node:path'
import { startNodeRed } from '../node-red.mjs'
import { flowsOf } from './flows.mjs'

const installed = name => join(import.meta.dirname, 'node_modules', name)

await startNodeRed({
  userDir: process.env.WORK,
  modules: {
    'node-red-contrib-kafkajs': installed('node-red-contrib-kafkajs'),
    pg: installed('pg')
  },
  flows: flowsOf(process.argv[2]),
  settings: { functionExternalModules: true }
})

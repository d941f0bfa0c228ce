// The three scripts, each in a process of its own, as they are run.
import { spawn } from 'node:child_process'

const scripts = ['bridge.mjs', 'process.mjs', 'store.mjs']
const children = scripts.map(script => spawn(process.execPath, [script], { stdio: 'inherit' }))
process.once('SIGTERM', () => {
  for (const child of children) child.kill('SIGTERM')
})

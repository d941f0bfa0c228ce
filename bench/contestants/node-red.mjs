// Starts Node-RED with these flows in this process, as a person would have it: default settings,
// the editor there but closed.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

/**
 * `modules`: package name → folder, what is installed in the user directory.
 * `settings`: further settings, e.g. { functionExternalModules: true }.
 */
export async function startNodeRed({
  userDir,
  flows,
  modules = {},
  credentials = {},
  settings = {}
}) {
  mkdirSync(userDir, { recursive: true })
  const dependencies = Object.fromEntries(Object.keys(modules).map(name => [name, '*']))
  for (const [name, folder] of Object.entries(modules)) install(userDir, name, folder)
  writeFileSync(
    join(userDir, 'package.json'),
    JSON.stringify({ name: 'bench', version: '0.0.1', private: true, dependencies })
  )
  writeFileSync(
    join(userDir, 'flows.json'),
    JSON.stringify(
      flows.map(node => ({
        ...node,
        ...(credentials[node.id] && { credentials: credentials[node.id] })
      }))
    )
  )
  const port = Number(process.env.NODE_RED_PORT) || (await freePort())
  const all = {
    flowFile: 'flows.json',
    uiHost: '127.0.0.1',
    uiPort: port,
    credentialSecret: 'bench',
    ...settings
  }
  const file = join(userDir, 'settings.js')
  writeFileSync(file, `module.exports = ${JSON.stringify(all, null, 2)}\n`)
  const red = require.resolve('node-red/red.js')
  process.argv = [process.argv[0], red, '--userDir', userDir, '--settings', file]
  require(red)
}

function install(userDir, name, folder) {
  const link = join(userDir, 'node_modules', name)
  mkdirSync(join(link, '..'), { recursive: true })
  rmSync(link, { recursive: true, force: true })
  symlinkSync(folder, link, 'dir')
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

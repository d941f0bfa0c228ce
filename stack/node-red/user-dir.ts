/**
 * The folder of a Node-RED that has this palette: settings, flow file, and a link to the
 * repository.
 */
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { repository } from '../services.ts'
import { addCompanions } from './companions.ts'

const palette = '@millrace/node-red-telemetry'

/** The key that Node-RED encrypts credentials with: made once, kept as long as the flows. */
function credentialSecret(userDir: string): string {
  const file = join(userDir, 'credential-secret')
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 })
  return readFileSync(file, 'utf8')
}

/**
 * Node-RED takes palettes from node_modules of its folder; the package file keeps npm from removing
 * the link.
 */
function linkPalette(userDir: string): void {
  const link = join(userDir, 'node_modules', palette)
  mkdirSync(dirname(link), { recursive: true })
  if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link)
  symlinkSync(repository, link, 'junction')
  const packageFile = join(userDir, 'package.json')
  if (existsSync(packageFile)) return
  const description = {
    name: 'millrace-node-red',
    private: true,
    version: '0.0.0',
    dependencies: { [palette]: `file:${repository}` }
  }
  writeFileSync(packageFile, `${JSON.stringify(description, null, 2)}\n`)
}

export type NodeRedSettings = { userDir: string; host: string; port: number }

/**
 * Makes the folder ready. The settings file is written anew each time, because the port may have
 * changed.
 */
export function prepareUserDir({ userDir, host, port }: NodeRedSettings): void {
  mkdirSync(userDir, { recursive: true })
  linkPalette(userDir)
  addCompanions(userDir)
  const settings = {
    uiHost: host,
    uiPort: port,
    flowFile: 'flows.json',
    flowFilePretty: true,
    credentialSecret: credentialSecret(userDir),
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false, projects: { enabled: false } },
    logging: { console: { level: 'info', metrics: false, audit: false } }
  }
  const content = `// Written by npm start, each time anew.\nmodule.exports = ${JSON.stringify(settings, null, 2)}\n`
  writeFileSync(join(userDir, 'settings.js'), content, { mode: 0o600 })
}

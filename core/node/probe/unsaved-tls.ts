import { readFile, stat } from 'node:fs/promises'
import { OptionsError } from '../../options-error.ts'
import { TLS_UNUSABLE, type TlsOptions, tlsProblem } from '../../tls.ts'
import type { NodeSpec } from '../spec.ts'
import type { ProbeRequest } from './request.ts'
import type { SavedNode, SavedNodes } from './saved.ts'
import { UNCHANGED_SECRET } from './values.ts'

type Values = Readonly<Record<string, unknown>>

/** Of a test: what its TLS configuration gives, and whether that is what the deployed one gives. */
export interface TlsOfTest {
  readonly options: TlsOptions | undefined
  readonly isDeployed: boolean
}

/** Node-RED's tls-config: paths, texts, and what it keeps as credentials. */
const TEXTS = ['cert', 'key', 'ca', 'servername', 'alpnprotocol'] as const
const UPLOADS = ['certdata', 'keydata', 'cadata', 'passphrase'] as const
/** What must not be used for anything but the deployed configuration. */
const SECRETS = ['keydata', 'passphrase'] as const

/**
 * The TLS options of a dialog. The editor sends its own state of the tls-config node that is
 * chosen, which may be new or changed; where it is as deployed, or not sent, the deployed node
 * counts.
 * @throws OptionsError where its files cannot be read, or a saved secret would be needed for other
 * settings
 */
export async function tlsOf(
  nodes: SavedNodes,
  spec: NodeSpec,
  request: ProbeRequest
): Promise<TlsOfTest> {
  const [name, field] =
    Object.entries(spec.fields).find(([, it]) => it.kind === 'ref' && it.type === 'tls-config') ??
    []
  const id = name === undefined ? '' : request.values[name]
  if (typeof id !== 'string' || id === '') return { options: undefined, isDeployed: true }
  const saved = nodes.find(id, 'tls-config')
  if (request.tls === undefined || (saved && isSame(request.tls, saved))) {
    return { options: saved && nodes.tls(id), isDeployed: saved !== undefined }
  }
  const refuse = (problem: string) => new OptionsError(spec.label, [`${field!.label}: ${problem}`])
  try {
    return {
      options: await unsavedOptions(request.tls, saved, nodes.allowsFiles),
      isDeployed: false
    }
  } catch (error) {
    throw refuse(error instanceof Unusable ? error.message : TLS_UNUSABLE)
  }
}

class Unusable extends Error {}

function isSame(given: Values, { values, secrets }: SavedNode): boolean {
  const isUntouched = (name: string) =>
    given[name] === undefined || given[name] === UNCHANGED_SECRET
  return (
    TEXTS.every(name => text(given[name]) === text(values[name])) &&
    (given.verifyservercert !== false) === (values.verifyservercert !== false) &&
    UPLOADS.every(name => isUntouched(name) || text(given[name]) === text(secrets[name]))
  )
}

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

async function unsavedOptions(
  given: Values,
  saved: SavedNode | undefined,
  allowsFiles: boolean
): Promise<TlsOptions> {
  const uploads = uploadsOf(given, saved)
  const paths = { cert: text(given.cert), key: text(given.key), ca: text(given.ca) }
  const fromFiles = Object.values(paths).some(path => path !== '')
  if (fromFiles && !allowsFiles)
    throw new Unusable('certificates from files are switched off in the settings of Node-RED')
  const options: TlsOptions = {
    ...(fromFiles ? await read(paths) : texts(uploads)),
    ...(uploads.passphrase === '' ? {} : { passphrase: uploads.passphrase }),
    ...(text(given.servername) === '' ? {} : { servername: text(given.servername) }),
    ...(text(given.alpnprotocol) === '' ? {} : { ALPNProtocols: [text(given.alpnprotocol)] }),
    rejectUnauthorized: given.verifyservercert !== false
  }
  if ((options.cert === undefined) !== (options.key === undefined))
    throw new Unusable('a certificate and its key belong together')
  const problem = tlsProblem(options)
  if (problem !== undefined) throw new Unusable(problem)
  return options
}

type Uploads = Record<(typeof UPLOADS)[number], string>

/**
 * Certificates are public, so saved ones serve where the editor has not loaded them; keys and
 * passphrases do not.
 */
function uploadsOf(given: Values, saved: SavedNode | undefined): Uploads {
  const isMissing = (name: string) => given[name] === undefined || given[name] === UNCHANGED_SECRET
  const needed = SECRETS.filter(name => isMissing(name) && text(saved?.secrets[name]) !== '')
  if (needed.length > 0 || given.passphrase === UNCHANGED_SECRET) {
    throw new Unusable(
      'it is not as deployed, so that its saved key or passphrase is not used. Deploy it first, or give them again'
    )
  }
  return Object.fromEntries(
    UPLOADS.map(name => [name, text(isMissing(name) ? saved?.secrets[name] : given[name])])
  ) as Uploads
}

/** As Node-RED does, uploads count where no path is given. */
function texts({ certdata, keydata, cadata }: Uploads): TlsOptions {
  return {
    ...(certdata === '' ? {} : { cert: certdata }),
    ...(keydata === '' ? {} : { key: keydata }),
    ...(cadata === '' ? {} : { ca: cadata })
  }
}

const MAX_FILE = 1_000_000

async function read(paths: Readonly<Record<'cert' | 'key' | 'ca', string>>): Promise<TlsOptions> {
  const given = Object.entries(paths).filter(([, path]) => path !== '')
  return Object.fromEntries(
    await Promise.all(given.map(async ([name, path]) => [name, await readOne(path)]))
  )
}

async function readOne(path: string): Promise<Buffer> {
  const shown = path.slice(0, 200)
  if (/\$\{.+\}/.test(path))
    throw new Unusable(
      'a variable of the environment is used only as it is deployed. Deploy it first'
    )
  const found = await stat(path).catch(() => undefined)
  // What is no plain file may be read without end.
  if (!found?.isFile() || found.size > MAX_FILE)
    throw new Unusable(`the file ${shown} is not there, or holds no certificate`)
  return readFile(path).catch(() => {
    throw new Unusable(`the file ${shown} cannot be read`)
  })
}

import { readFile, stat } from 'node:fs/promises'
import { reasonOf } from '../errors.ts'
import { SettingError } from './setting-error.ts'

/** Who a new connection says that it is. */
export interface Login {
  readonly user?: string
  readonly password: string
  /** Where they were read, for sentences. */
  readonly from: string
}

/** Reads user and password anew for each connection. */
export type ReadLogin = () => Promise<Login>

/** Where user and password stand: paths of files, or names of variables; an empty user has none. */
export interface LoginPlaces {
  readonly password: string
  readonly user: string
}

/** Longer files hold no password. */
const MAX_BYTES = 10_000

/** @throws SettingError where a file cannot be read or holds none */
export const loginFromFiles =
  ({ password, user }: LoginPlaces): ReadLogin =>
  async () => ({
    ...(user === '' ? {} : { user: await lineOf('user name', user) }),
    password: await lineOf('password', password),
    from: password
  })

/** @throws SettingError where a variable is not set */
export const loginFromEnvironment =
  ({ password, user }: LoginPlaces, environment = process.env): ReadLogin =>
  async () => ({
    ...(user === '' ? {} : { user: valueIn(environment, 'user name', user) }),
    password: valueIn(environment, 'password', password),
    from: password
  })

function valueIn(environment: NodeJS.ProcessEnv, what: string, name: string): string {
  const value = environment[name]
  if (value !== undefined && value !== '') return value
  throw missing(
    what,
    `The environment variable ${name} with the ${what} of the database is not set.`
  )
}

/** The one line of a file; what ends it is no part of it. */
async function lineOf(what: string, path: string): Promise<string> {
  const text = await textOf(path).catch(error => {
    throw missing(
      what,
      `The file ${path} with the ${what} of the database cannot be read: ${reasonOf(error)}.`
    )
  })
  const line = text.replace(/\r?\n$/, '')
  if (line !== '' && !/[\r\n\0]/.test(line)) return line
  const why = line === '' ? 'is empty' : 'holds more than one line'
  throw missing(what, `The file ${path} with the ${what} of the database ${why}.`)
}

/** A pipe or a device may never end, and is no file to be read again. */
async function textOf(path: string): Promise<string> {
  const found = await stat(path)
  if (!found.isFile()) throw new Error('it is no file')
  if (found.size > MAX_BYTES) throw new Error('it is too long')
  return readFile(path, 'utf8')
}

const missing = (what: string, says: string): SettingError =>
  new SettingError([`${says} It is read again at the next attempt.`], `${what} missing`)

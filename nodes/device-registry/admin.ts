import { reasonOf } from '../../core/errors.ts'
import { databaseSentence } from '../../core/postgres/connect-errors.ts'
import { commandOf } from './commands.ts'
import { importRows } from './import-rows.ts'
import { importInto } from './import-store.ts'
import { type ListRequest, listed } from './list.ts'
import type { Registry } from './registry.ts'

const MOST_AT_ONCE = 1_000
const MAX_TEXT = 200
/** So many rows and problems of an import a dialog shows. */
const SHOWN = 50

type Body = Readonly<Record<string, unknown>>

/** What the dialog asks a registry that runs. Never rejects: what goes wrong is a sentence. */
export async function answered(
  find: (id: string) => Registry | undefined,
  body: unknown
): Promise<object> {
  const given = (typeof body === 'object' && body !== null ? body : {}) as Body
  const registry = find(nameIn(given.id))
  if (registry === undefined)
    return { ok: false, message: 'The list is there once the node is deployed and runs.' }
  const name = nameIn(given.action)
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (action === undefined) return { ok: false, message: 'The dialog asks for what is not known.' }
  try {
    return { ok: true, ...(await action(registry, given)) }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, message: error.message }
    return { ok: false, message: databaseSentence(error, registry.store.database.place) }
  }
}

/** An object may have no text at all, and asking it for one throws. */
const nameIn = (value: unknown): string => (typeof value === 'string' ? value : '')

class Refused extends Error {}

const ACTIONS: Readonly<Record<string, (registry: Registry, body: Body) => Promise<object>>> = {
  list: ({ store }, body) => listed(store, requestOf(body)),
  change: (registry, body) => change(registry, body),
  read: (_registry, { text }) => read(textOf(text)),
  import: (registry, { text }) => take(registry, textOf(text))
}

function requestOf({ search, only, page }: Body): ListRequest {
  const number = Number(page)
  return {
    search: nameIn(search).slice(0, MAX_TEXT),
    only: nameIn(only).slice(0, MAX_TEXT),
    page: Number.isInteger(number) && number > 0 ? number : 0
  }
}

/** Approves, blocks or names devices. */
async function change(registry: Registry, { devices, command, set }: Body): Promise<object> {
  if (!Array.isArray(devices) || devices.length === 0 || devices.length > MOST_AT_ONCE)
    throw new Refused(`Choose between one and ${MOST_AT_ONCE} devices.`)
  const given = { ...(typeof set === 'object' ? set : {}), command, by: 'dialog' }
  const news = devices.map(id => {
    if (nameIn(id) === '') throw new Refused('A device is chosen by its name.')
    const made = commandOf(given, nameIn(id))
    if ('code' in made) throw new Refused(made.message)
    return { command: made }
  })
  await registry.command(news)
  return { message: `${devices.length === 1 ? 'The device is' : 'The devices are'} changed.` }
}

function textOf(text: unknown): string {
  if (typeof text === 'string' && text.trim() !== '') return text
  throw new Refused('Paste a list or choose a file first.')
}

/** What an import would do, before it does it. */
async function read(text: string): Promise<object> {
  const { form, rows, problems } = readable(text)
  return {
    form,
    devices: rows.length,
    rows: rows.slice(0, SHOWN),
    problems: problems.slice(0, SHOWN),
    refused: problems.length
  }
}

async function take({ store }: Registry, text: string): Promise<object> {
  const { rows, problems } = readable(text)
  const { added, changed } = await importInto(store, rows)
  const left = problems.length === 0 ? '' : ` ${leftOut(problems.length)}`
  return { message: `${news(added)} in the list, ${wereThere(changed)}.${left}` }
}

const news = (count: number) => (count === 1 ? '1 device is new' : `${count} devices are new`)
const wereThere = (count: number) => (count === 1 ? '1 was there' : `${count} were there`)
const leftOut = (count: number) =>
  count === 1 ? '1 line was left out.' : `${count} lines were left out.`

function readable(text: string): ReturnType<typeof importRows> {
  try {
    return importRows(text)
  } catch (error) {
    throw new Refused(reasonOf(error))
  }
}

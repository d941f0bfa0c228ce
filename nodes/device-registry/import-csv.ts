import Papa from 'papaparse'
import { Collected, type ImportedDevice } from './import-row.ts'
import { withoutSecrets } from './secrets.ts'

type Field = 'id' | 'name' | 'type' | 'site' | 'location' | 'firmware' | 'status'

/** What the columns are called, without signs and in small letters, the best first. */
const COLUMNS: Readonly<Record<Field, readonly string[]>> = {
  id: ['deviceid', 'device', 'thingname', 'registrationid', 'id', 'serial', 'serialnumber'],
  name: ['name', 'displayname', 'label', 'title'],
  type: ['type', 'devicetype', 'thingtypename', 'thingtype', 'model', 'class'],
  site: ['site', 'plant', 'factory', 'building'],
  location: ['location', 'place', 'room', 'position'],
  firmware: ['firmware', 'firmwareversion', 'fwversion', 'version'],
  status: ['status', 'provisioningstatus', 'state', 'enabled']
}

const APPROVED = new Set(['approved', 'enabled', 'active', 'true', '1', 'yes', 'assigned'])
const BLOCKED = new Set(['blocked', 'disabled', 'inactive', 'false', '0', 'no'])

/** What a word of a list means for us; undefined: nothing. */
export function statusOf(value: unknown): 'approved' | 'blocked' | undefined {
  const word = String(value ?? '')
    .trim()
    .toLowerCase()
  if (APPROVED.has(word)) return 'approved'
  return BLOCKED.has(word) ? 'blocked' : undefined
}

/**
 * A device a line; further columns stand in `info`.
 * @throws Error where no column names the device
 */
export function fromCsv(content: string) {
  const { data, errors } = Papa.parse<string[]>(content, {
    delimitersToGuess: [',', ';', '\t', '|'],
    skipEmptyLines: false
  })
  const [header = [], ...lines] = data
  const names = header.map(name => name.trim())
  const places = placesOf(names)
  if (places.id === undefined)
    throw new Error(
      `No column names the device. The first line must have one such as device_id; it has ${names.join(', ').slice(0, 200)}.`
    )
  const collected = new Collected()
  for (const { row, message } of errors)
    if (row !== undefined && row > 0) collected.refuse(row + 1, message)
  const broken = new Set(errors.map(({ row }) => row))
  for (const [index, cells] of lines.entries()) {
    const isEmpty = cells.every(cell => cell.trim() === '')
    if (isEmpty || broken.has(index + 1)) continue
    if (cells.length > names.length)
      collected.refuse(index + 2, `it has ${cells.length} cells, the header ${names.length}`)
    else collected.add(index + 2, rowOf(cells, names, places))
  }
  return collected.as('CSV')
}

type Places = { readonly [F in Field]?: number }

function placesOf(names: readonly string[]): Places {
  const plain = names.map(name => name.toLowerCase().replace(/[^a-z0-9]/g, ''))
  const places: { [F in Field]?: number } = {}
  const taken = new Set<number>()
  for (const [field, words] of Object.entries(COLUMNS)) {
    const place = words.map(word => plain.indexOf(word)).find(at => at >= 0 && !taken.has(at))
    if (place === undefined) continue
    taken.add(place)
    places[field as Field] = place
  }
  return places
}

function rowOf(cells: readonly string[], names: readonly string[], places: Places): ImportedDevice {
  const cell = (field: Field) => cells[places[field] ?? -1]?.trim() ?? ''
  const used = new Set(Object.values(places))
  const further = names.flatMap((name, index) =>
    used.has(index) || name === '' ? [] : [[name, cells[index]?.trim() ?? ''] as const]
  )
  const info = withoutSecrets(Object.fromEntries(further)) as Record<string, string>
  const status = statusOf(cell('status'))
  const texts = (['name', 'type', 'site', 'location', 'firmware'] as const).flatMap(field =>
    cell(field) === '' ? [] : [[field, cell(field)] as const]
  )
  return {
    id: cell('id'),
    ...Object.fromEntries(texts),
    ...(status && { status }),
    ...(Object.keys(info).length > 0 && { info })
  }
}

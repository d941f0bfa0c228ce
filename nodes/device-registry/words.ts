/** What devices and gateways say for "I am here" and "I am gone". */
const ONLINE = new Set(['true', '1', 'online', 'on', 'connected', 'up', 'alive', 'birth', 'born'])
const OFFLINE = new Set([
  'false',
  '0',
  'offline',
  'off',
  'disconnected',
  'down',
  'dead',
  'death',
  'lost'
])

/** Whether a value says that the device is there; undefined where it says neither. */
export function saysOnline(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const word = String(value).slice(0, 20).trim().toLowerCase()
  if (ONLINE.has(word)) return true
  return OFFLINE.has(word) ? false : undefined
}

/** Whether PostgreSQL can hold a text: it takes no NUL, and no half of a character. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

import { type Message, recordsOf } from '../../core/record/message.ts'
import { keyReader } from './logic.ts'

/** So many of the devices that wait are asked, and so many records are looked at for them. */
const FEW = 3
const LOOK_AT = 1000

/** Devices of messages that wait: if one of them is answered, the source is not away. */
export function devicesOf(
  messages: readonly Message[],
  path: string,
  not: (key: string) => boolean
): string[] {
  const keyOf = keyReader(path)
  const found = new Set<string>()
  let looked = 0
  for (const { payload } of messages) {
    for (const record of recordsOf(payload)) {
      if (found.size === FEW || ++looked > LOOK_AT) return [...found]
      const key = keyOf(record)
      if (key !== undefined && !not(key)) found.add(key)
    }
  }
  return [...found]
}

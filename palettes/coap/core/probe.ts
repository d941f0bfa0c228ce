import type { Heard } from '@millrace/node-red-telemetry'
import { CoapEndpoint, type ListenAt } from './endpoint.ts'
import { endpointInUse } from './endpoints.ts'
import { type CoapRequest, POST, PUT } from './request.ts'

const MOST_MESSAGES = 20
const MAX_BYTES = 256_000
/** For the first message; then a little longer, since devices mostly send one after the other. */
const FIRST_MS = 7_000
const FURTHER_MS = 1_500

/** Listens there for a moment where nobody does yet. */
async function withEndpoint<T>(
  at: ListenAt,
  ask: (endpoint: CoapEndpoint, isInUse: boolean) => Promise<T> | T
): Promise<T> {
  const inUse = endpointInUse(at)
  if (inUse?.isBound === true) return ask(inUse, true)
  const endpoint = new CoapEndpoint(at)
  try {
    await bound(endpoint)
    return await ask(endpoint, false)
  } finally {
    endpoint.end()
  }
}

/** @throws MillraceError where it cannot be listened there */
function bound(endpoint: CoapEndpoint): Promise<void> {
  return new Promise((resolve, refuse) => {
    const changed = () => {
      if (endpoint.problem !== undefined) refuse(endpoint.problem.error)
      else if (endpoint.isBound) resolve()
    }
    endpoint.onChange(changed)
    endpoint.begin()
  })
}

/** A sentence on whether requests can be taken there. */
export const testedAt = (at: ListenAt): Promise<string> =>
  withEndpoint(at, ({ takers }, isInUse) => {
    const where = `${at.host}, UDP port ${at.port}`
    if (!isInUse) return `${where} is free: requests can be taken there.`
    const nodes = takers === 1 ? 'one node' : `${takers} nodes`
    return `This Node-RED listens at ${where} already, for ${nodes}.`
  })

/**
 * Hears what comes in a few seconds. Nothing is taken by it: nodes that are there get it as ever,
 * and where there is none the sender is told to come again.
 */
export const heardAt = (at: ListenAt, signal: AbortSignal): Promise<Heard[]> =>
  withEndpoint(
    at,
    endpoint =>
      new Promise<Heard[]>(resolve => {
        const heard: Heard[] = []
        let bytes = 0
        const end = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', end)
          leave()
          resolve(heard.reverse())
        }
        let timer = setTimeout(end, FIRST_MS)
        signal.addEventListener('abort', end)
        const leave = endpoint.listen(({ code, path, payload }: CoapRequest) => {
          if ((code !== POST && code !== PUT) || bytes + payload.length > MAX_BYTES) return
          bytes += payload.length
          const message = { topic: path ?? '', bytes: payload.toString('base64') }
          heard.push({ seenMs: Date.now(), ...message })
          if (heard.length === MOST_MESSAGES) return end()
          clearTimeout(timer)
          timer = setTimeout(end, FURTHER_MS)
        })
      })
  )

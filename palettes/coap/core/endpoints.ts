import { CoapEndpoint, type ListenAt } from './endpoint.ts'

interface Shared {
  readonly endpoint: CoapEndpoint
  users: number
  closing: NodeJS.Timeout | undefined
}

/**
 * So long an endpoint is kept that nobody uses: a deployment takes its node away and makes it anew,
 * and what senders send meanwhile, or have sent before and send again, must not be new to it.
 */
const KEEP_MS = 5_000

const shared = new Map<string, Shared>()
const keyOf = ({ host, port }: ListenAt) => `${host} ${port}`

/** The endpoint at this address, for one more user, who gives it back by `giveBack`. */
export function endpointAt(at: ListenAt): CoapEndpoint {
  const key = keyOf(at)
  const known = shared.get(key) ?? { endpoint: new CoapEndpoint(at), users: 0, closing: undefined }
  clearTimeout(known.closing)
  known.users++
  shared.set(key, known)
  return known.endpoint
}

/** @param isSoonWanted it is kept a little for who comes again */
export function giveBack(endpoint: CoapEndpoint, isSoonWanted: boolean): void {
  const key = keyOf(endpoint.at)
  const known = shared.get(key)
  if (known === undefined || known.endpoint !== endpoint || --known.users > 0) return
  const end = () => {
    shared.delete(key)
    endpoint.end()
  }
  if (isSoonWanted) known.closing = setTimeout(end, KEEP_MS).unref()
  else end()
}

/** What listens there in this Node-RED already. */
export const endpointInUse = (at: ListenAt): CoapEndpoint | undefined =>
  shared.get(keyOf(at))?.endpoint

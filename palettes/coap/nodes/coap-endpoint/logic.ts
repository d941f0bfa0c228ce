import type { ListenAt } from '../../core/endpoint.ts'

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/

/** What a person should know of the address, behind a sentence that says that it can be used. */
export const reachOf = ({ host }: ListenAt): string =>
  LOOPBACK.test(host)
    ? 'Only this machine reaches it.'
    : 'Whoever reaches this address can send to it, and CoAP is not encrypted: put DTLS in front.'

import type { TlsOptions } from '@millrace/node-red-telemetry'

/** How servers differ: in what an address looks like, and in what a link has to say. */
export type ServerKind = 'any' | 'artemis' | 'rabbitmq' | 'service-bus'

/** How a client says who it is, by SASL: ANONYMOUS, PLAIN or EXTERNAL. */
export type Login = 'none' | 'password' | 'certificate'

/** All that a connection needs to know. */
export interface AmqpSettings {
  readonly kind: ServerKind
  readonly url: URL
  readonly login: Login
  readonly username: string
  readonly password: string
  readonly tls: TlsOptions
  /** What the client calls itself, in the open frame. */
  readonly containerId: string
  /** The virtual host, in the open frame; that of the address where empty. */
  readonly hostname: string
  readonly idleTimeoutMs: number
}

export const isSecure = (url: URL): boolean => url.protocol === 'amqps:'

export const portOf = (url: URL): number => Number(url.port || (isSecure(url) ? 5671 : 5672))

/** Without its brackets, where it is an IPv6 address. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

/** For sentences: without user and password. */
export const shownUrl = (url: URL): string => `${url.protocol}//${url.hostname}:${portOf(url)}`

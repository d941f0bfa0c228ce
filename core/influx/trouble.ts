import { reasonOf } from '../errors.ts'
import { NoAnswer } from '../http-client.ts'
import { productOf } from './products.ts'
import type { InfluxSettings } from './settings.ts'

/** A certificate, or a server that speaks no TLS: a person has to mend it. */
const OF_TLS = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME_MISMATCH)/

export const isOfTls = (error: unknown): boolean =>
  OF_TLS.test(String((error as NodeJS.ErrnoException).code))

/** Why no answer came, in a few words for the status. */
export function troubleWords(error: unknown): string {
  if (isOfTls(error)) return 'certificate not trusted'
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOTFOUND') return 'host unknown'
  return error instanceof NoAnswer ? 'no answer' : 'server away'
}

/** The same as a sentence. */
export function troubleSentence(error: unknown, { service, url }: InfluxSettings): string {
  const { code } = error as NodeJS.ErrnoException
  const where = `${productOf(service).name} at ${url}`
  if (code === 'ECONNREFUSED') return `Nothing listens at ${url}.`
  if (code === 'ENOTFOUND') return `There is no host of the name in ${url}.`
  if (isOfTls(error)) return `The TLS connection to ${where} fails: ${reasonOf(error)}.`
  return `${where} cannot be reached: ${reasonOf(error)}.`
}

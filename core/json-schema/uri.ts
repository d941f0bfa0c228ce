import { isIP, isIPv6 } from 'node:net'
import { isHostname } from './hostname.ts'

/**
 * RFC 3986, appendix B: scheme, authority, path, query, fragment. Each part ends at the next's
 * sign.
 */
const PARTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s
const SCHEME = /^[a-z][a-z0-9+.-]*$/i
const made = (of: string) => new RegExp(`^(?:[a-z0-9\\-._~!$&'()*+,;=${of}]|%[0-9a-f]{2})*$`, 'i')
const PATH = made(':@/')
const QUERY = made(':@/?')
const USER = made(':')
const NAME = made('')

/** RFC 3986, section 3: a URI. */
export const isUri = (text: string): boolean => fits(text, true)

/** RFC 3986, section 4.1: a URI, or a reference that is relative to one. */
export const isUriReference = (text: string): boolean => fits(text, false)

function fits(text: string, absolute: boolean): boolean {
  const [, scheme, authority, path = '', query = '', fragment = ''] = PARTS.exec(text) ?? []
  if (scheme === undefined ? absolute || /^[^/]*:/.test(path) : !SCHEME.test(scheme)) return false
  if (authority !== undefined && !isAuthority(authority)) return false
  return PATH.test(path) && QUERY.test(query) && QUERY.test(fragment)
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@')
  const place = authority.slice(at + 1)
  if (at >= 0 && !USER.test(authority.slice(0, at))) return false
  const [, literal, name = '', port = ''] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(place) ?? []
  if (!/^\d*$/.test(port)) return false
  if (literal !== undefined)
    return isAddress6(literal) || /^v[0-9a-f]+\.[\w.~!$&'()*+,;=:-]+$/i.test(literal)
  return NAME.test(name) && (name !== '' || place === '' || place.startsWith(':'))
}

/** RFC 4291, section 2.2, without the zone that systems write behind it. */
export const isAddress6 = (text: string): boolean =>
  text.length <= 45 && !text.includes('%') && isIPv6(text)

const ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
const LOCAL = new RegExp(
  `^(?:${ATOM}(?:\\.${ATOM})*|"(?:[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\x20-\\x7e])*")$`,
  'i'
)
/** RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3. */
const MAX_LOCAL = 64
const MAX_CHARACTERS = 320

/** RFC 5321, section 4.1.2: a mailbox. */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at < 1 || at > MAX_LOCAL || text.length > MAX_CHARACTERS || !LOCAL.test(text.slice(0, at)))
    return false
  const domain = text.slice(at + 1)
  if (!domain.startsWith('[')) return isHostname(domain)
  const address = /^\[(?:IPv6:(.*)|([\d.]*))\]$/i.exec(domain)
  if (!address) return false
  return address[1] === undefined ? isIP(address[2]!) === 4 : isAddress6(address[1])
}

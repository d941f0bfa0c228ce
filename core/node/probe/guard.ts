import type { IncomingHttpHeaders } from 'node:http'

interface Request {
  readonly headers: IncomingHttpHeaders
  is(type: string): string | false | null
}

interface Response {
  status(code: number): { json(body: object): unknown }
}

/**
 * Lets JSON of the editor's own pages and of programs pass. Node-RED answers every web page
 * (`Access-Control-Allow-Origin: *`), so that a page somebody has open beside the editor could ask
 * as well.
 */
export function editorOnly(request: Request, response: Response, next: () => void): void {
  const refuse = (status: number, message: string) => {
    response.status(status).json({ ok: false, message })
  }
  const foreign = foreignOrigin(request.headers)
  if (!request.is('application/json'))
    refuse(415, 'This address takes JSON only (Content-Type: application/json).')
  else if (foreign !== undefined) refuse(403, foreign)
  else next()
}

/** Why a request is from another web page than the editor; undefined if it is not. */
export function foreignOrigin(headers: IncomingHttpHeaders): string | undefined {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  // Browsers send it over HTTPS and to this machine, and no page can write it. It holds behind
  // every reverse proxy.
  if (site === 'same-origin') return undefined
  if (site !== undefined && site !== 'none')
    return 'Only the pages of this Node-RED may ask this, not those of another site.'
  // Programs that are no browsers send neither, and no other person's page runs in them.
  if (origin === undefined) return undefined
  if (isSameHost(origin, host)) return undefined
  const page = origin === 'null' ? 'a page without an address' : `a page of ${origin.slice(0, 200)}`
  return `The request is from ${page}, but Node-RED was asked as ${host}. If a reverse proxy is between, let it hand on the Host header.`
}

/** `X-Forwarded-Host` says nothing here: a foreign page can write it. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false
  const { protocol } = new URL(origin)
  const address = `${protocol}//${host}`
  return URL.canParse(address) && new URL(address).host === new URL(origin).host
}

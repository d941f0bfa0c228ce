import { request } from 'node:http'
import type { RunningNodeRed } from '../../../node-red.ts'

export interface Left {
  readonly from?: number
  readonly record: unknown
  readonly changes?: readonly { readonly path: readonly string[]; readonly kind: string }[]
  readonly reasons?: readonly { readonly code: string; readonly message: string }[]
}

export interface Answer {
  readonly status: number
  readonly ok: boolean
  readonly message?: string
  readonly outputs?: readonly { readonly count: number; readonly records: readonly Left[] }[]
  readonly filtered?: number
  readonly notices?: readonly string[]
  readonly from?: string
  readonly samples?: readonly {
    readonly payload: unknown
    readonly topic: string
    readonly number: number
  }[]
  readonly stopped?: string
  readonly findings?: readonly { readonly says: string }[]
  readonly examples?: readonly { readonly name: string; readonly payload: unknown }[]
}

/** Asks for a preview as the editor does; `fetch` may not set every header. */
export function ask(
  red: RunningNodeRed,
  node: string,
  body: unknown,
  headers: Record<string, string> = {}
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const asked = request(
      `${red.url}/millrace/preview/millrace-${node}`,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      response => {
        let answer = ''
        response.on('data', chunk => {
          answer += chunk
        })
        response.on('end', () => {
          const isJson = answer.startsWith('{')
          resolve({
            status: response.statusCode!,
            ...(isJson ? (JSON.parse(answer) as object) : { message: answer })
          } as Answer)
        })
      }
    )
    asked.on('error', reject)
    asked.end(text)
  })
}

/** What a node would make of a text. */
export const previewOf = (
  red: RunningNodeRed,
  node: string,
  values: object,
  text: string,
  topic = ''
): Promise<Answer> => ask(red, node, { action: 'preview', id: '', values, given: { topic, text } })

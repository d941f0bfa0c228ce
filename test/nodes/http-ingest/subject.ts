import type { SourceSubject } from '../../../core/conformance/source-checks.ts'

const TRY_AGAIN_MS = 50
const TRIES = 600

let places = 0

/**
 * Senders that try again until they are told that their records are safe. A lane is one of them: it
 * sends a body only when it has the answer to the one before.
 */
export function httpSubject(at: () => string): SourceSubject {
  return {
    type: 'millrace-http-ingest',
    place() {
      const path = `conformance/${++places}`
      const before = new Map<number, Promise<void>>()
      const post = (lane: number, type: string, body: string) => {
        const turn = (before.get(lane) ?? Promise.resolve()).then(() =>
          untilAnswered(`${at()}/${path}`, type, body)
        )
        before.set(lane, turn)
      }
      return Promise.resolve({
        config: { urlPath: path, access: 'open', acknowledge: 'stored' },
        around: [],
        feed(bodies, lane) {
          if (bodies.every(body => body.startsWith('{')))
            post(lane, 'application/x-ndjson', bodies.join('\n'))
          else for (const body of bodies) post(lane, 'application/json', body)
          return Promise.resolve()
        }
      })
    }
  }
}

async function untilAnswered(url: string, type: string, body: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': type }, body })
    await answer.arrayBuffer()
    if (answer.status < 300 || answer.status === 400) return
    await new Promise(resolve => setTimeout(resolve, TRY_AGAIN_MS))
  }
}

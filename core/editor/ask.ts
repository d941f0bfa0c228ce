import { say } from './texts-of.ts'

/** What every route of a dialog answers: whether it could, or a sentence why not. */
export interface Answered {
  readonly ok: boolean
  readonly message?: string
}

/** Asks the runtime. Never fails: what goes wrong is a sentence in the answer. */
export async function askRuntime<T extends Answered>(
  url: string,
  body: object
): Promise<T | Answered> {
  try {
    // By jQuery, because Node-RED adds the login to its requests.
    return (await $.ajax({
      url,
      method: 'POST',
      contentType: 'application/json',
      data: JSON.stringify(body)
    })) as T
  } catch (failed) {
    const { status, statusText, responseJSON } = failed as JQuery.jqXHR
    const said = (responseJSON as Partial<Answered> | undefined)?.message
    return { ok: false, message: said ?? (status ? `${status} ${statusText}` : say('unreachable')) }
  }
}

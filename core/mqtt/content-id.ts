import { createHash } from 'node:crypto'
import type { Received } from './deferred-ack.ts'

/** The server gives packet ids anew, so it is the content that says which message this is. */
export const contentId = ({ topic, payload }: Pick<Received, 'topic' | 'payload'>): string =>
  createHash('sha256').update(topic).update('\0').update(payload).digest('base64')

import type { Batch, Taken } from '../record/record.ts'

/** The body of one request, as a dead letter or a later step may ask for it. */
export class UploadedBody implements Batch {
  constructor(
    /** Of the request, without the address before it and without the question behind it. */
    readonly path: string,
    /** What it came with, its compression undone. */
    readonly body: Buffer,
    /** Milliseconds since 1970. */
    readonly arrivedMs: number,
    private readonly key: string | null
  ) {}

  at(): Taken {
    const { path, body, key } = this
    return { origin: { kind: 'flow', topic: path }, key, headers: {}, raw: body }
  }
}

/** A server that others make or run, as a dialog offers it. */
export interface OfferedService {
  /** What choosing it writes into the dialog. */
  readonly settings: Readonly<Record<string, unknown>>
  /** What the person has to know, in one or two sentences. */
  readonly note: string
}

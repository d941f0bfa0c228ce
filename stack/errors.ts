/**
 * What can go wrong when services are started and stopped. The message is a sentence for the person
 * at the terminal.
 */
export type StackErrorCode =
  | 'JAVA_MISSING'
  | 'MAVEN_MISSING'
  | 'DOWNLOAD_FAILED'
  | 'COMPILE_FAILED'
  | 'SETUP_FAILED'
  | 'START_FAILED'
  | 'STOP_FAILED'
  | 'FOLDER_BUSY'
  | 'PORT_BUSY'
  | 'UNKNOWN_SERVICE'
  | 'UNKNOWN_OPTION'

export class StackError extends Error {
  readonly code: StackErrorCode

  constructor(code: StackErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StackError'
    this.code = code
  }
}

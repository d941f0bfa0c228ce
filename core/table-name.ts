const PART = '"(?:[^"\\0]|"")+"|[^".\\s\\0]+'
/**
 * `telemetry`, `iot.telemetry`, or `"My Table"` where the name has dots or spaces: the schema,
 * where there is one, and the name.
 */
export const TABLE_NAME = new RegExp(`^(?:(${PART})\\.)?(${PART})$`)

export const isTableName = (text: string): boolean => TABLE_NAME.test(text.trim())

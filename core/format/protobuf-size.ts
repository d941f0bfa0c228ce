import { OptionsError } from '../options-error.ts'

/** The library takes time with the square of the fields of a message: 0.2 s for so many. */
const MOST_FIELDS = 1_000
/** About half a second of messages of few fields. */
const MOST_CHARACTERS = 200_000

/** Comments, texts, and the signs that begin and end a message and give a field its number. */
const SIGNS = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}=]/g

/** @throws OptionsError for a schema that would keep everything else waiting for seconds */
export function refuseTooLarge(schema: string): void {
  if (schema.length > MOST_CHARACTERS)
    throw new OptionsError('Schema', [`it has more than ${MOST_CHARACTERS} characters`])
  const fields = [0]
  for (const [sign] of schema.matchAll(SIGNS)) {
    if (sign === '{') fields.push(0)
    else if (sign === '}') fields.pop()
    else if (sign === '=' && fields.length > 0) {
      const count = fields.pop()! + 1
      if (count > MOST_FIELDS)
        throw new OptionsError('Schema', [`a message has more than ${MOST_FIELDS} fields`])
      fields.push(count)
    }
  }
}

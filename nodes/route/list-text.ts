import { isOperand, type Operand } from './operators.ts'
import { shown } from './sentence.ts'

/**
 * A list as a person types it: `a, b, 3, "4", "with, comma"`. Numbers, true and false are what they
 * look like; quotes make a text.
 */
export function parseList(text: string): Operand[] {
  const items: string[] = []
  let item = ''
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '"') quoted = !quoted
    if (character === ',' && !quoted) {
      items.push(item)
      item = ''
    } else item += quoted && character === '\\' ? character + text.charAt(++index) : character
  }
  items.push(item)
  return items.map(one => one.trim()).flatMap(one => (one === '' ? [] : [parseItem(one)]))
}

function parseItem(item: string): Operand {
  try {
    const value: unknown = JSON.parse(item)
    return isOperand(value) ? value : item
  } catch {
    return item
  }
}

/** The text from which `parseList` makes this list again. */
export const listText = (list: readonly Operand[]): string => list.map(shown).join(', ')

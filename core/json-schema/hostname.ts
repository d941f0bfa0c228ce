/** RFC 1123, section 2.1: letters, digits and hyphens, which stand neither first nor last. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
const MAX_CHARACTERS = 253

/** RFC 5892, section 2.6: what is allowed, or only beside others, against the rule for its kind. */
const LETTERS =
  /^[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}\-\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u3007\u30fb\u200c\u200d]+$/u
const DISALLOWED = /[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]/u
/** RFC 5892, appendix A: characters that need certain others beside them. */
const OUT_OF_PLACE: readonly RegExp[] = [
  /(?<!l)\u00b7|\u00b7(?!l)/u,
  /\u0375(?!\p{Script=Greek})/u,
  /(?<!\p{Script=Hebrew})[\u05f3\u05f4]/u,
  /^[^\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]*\u30fb[^\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]*$/u,
  /[\u0660-\u0669].*[\u06f0-\u06f9]|[\u06f0-\u06f9].*[\u0660-\u0669]/u
]
/** Marks that take the vowel from a letter (combining class 9), of which joiners stand behind. */
const VIRAMA =
  '\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba\u0f84\u1039\u103a\u1714\u1734\u17d2' +
  '\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua82c\ua8c4\ua953\ua9c0\uaaf6\uabed'
const JOINER = new RegExp(`(?<![${VIRAMA}])\u200d`, 'u')
/** Outside Indic scripts a non-joiner stands between letters that would join, as in Persian. */
const NON_JOINER = new RegExp(`(?<![${VIRAMA}]|[\\p{Script=Arabic}\\p{Script=Syriac}])\u200c`, 'u')

/** RFC 1123, and RFC 5891 for the names that Punycode stands for (`xn--…`). */
export function isHostname(text: string): boolean {
  return text.length <= MAX_CHARACTERS && text.split('.').every(isLabel)
}

function isLabel(label: string): boolean {
  if (!LABEL.test(label)) return false
  if (label.slice(2, 4) !== '--') return true
  if (!/^xn--/i.test(label)) return false
  const name = fromPunycode(label.slice(4).toLowerCase())
  return name !== undefined && /[^\0-\x7f]/.test(name) && isName(name)
}

function isName(name: string): boolean {
  if (name !== name.normalize('NFC') || !LETTERS.test(name) || DISALLOWED.test(name)) return false
  if (/^\p{M}|^..--/u.test(name) || name.startsWith('-') || name.endsWith('-')) return false
  return ![...OUT_OF_PLACE, JOINER, NON_JOINER].some(expression => expression.test(name))
}

/** RFC 3492, section 6.2; undefined if the text is not Punycode. */
function fromPunycode(text: string): string | undefined {
  const at = text.lastIndexOf('-')
  const output = at > 0 ? [...text.slice(0, at)].map(letter => letter.codePointAt(0)!) : []
  let code = 128
  let bias = 72
  let place = 0
  for (let index = at > 0 ? at + 1 : 0; index < text.length; ) {
    const before = place
    for (let weight = 1, k = 36; ; k += 36) {
      const digit = digitOf(text.charCodeAt(index++))
      if (Number.isNaN(digit)) return undefined
      place += digit * weight
      const threshold = Math.min(Math.max(k - bias, 1), 26)
      if (digit < threshold) break
      weight *= 36 - threshold
    }
    bias = adapted(place - before, output.length + 1, before === 0)
    code += Math.floor(place / (output.length + 1))
    place %= output.length + 1
    if (code > 0x10ffff) return undefined
    output.splice(place++, 0, code)
  }
  return String.fromCodePoint(...output)
}

function digitOf(unit: number): number {
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61
  return unit >= 0x30 && unit <= 0x39 ? unit - 0x30 + 26 : Number.NaN
}

function adapted(delta: number, points: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? 700 : 2))
  rest += Math.floor(rest / points)
  let k = 0
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35)
  return k + Math.floor((36 * rest) / (rest + 38))
}

import type { EditorHooks } from '../../core/editor/types.ts'

const UNLESS_ZERO = /^0\s*\w*$/

export default {
  label({ when, limit: ofAll, limitField, low, high, text, silence, onDelay, alarm }) {
    const lasts = UNLESS_ZERO.test(String(onDelay)) ? '' : ` for ${onDelay}`
    const limit = limitField || ofAll
    const said: Readonly<Record<string, string>> = {
      above: `> ${limit}${lasts}`,
      below: `< ${limit}${lasts}`,
      outside: `not ${low} to ${high}${lasts}`,
      equals: `is ${text}${lasts}`,
      differs: `is not ${text}${lasts}`,
      silent: `missing for ${silence}`
    }
    return `${alarm}: ${said[String(when)] ?? ''}`
  }
} satisfies EditorHooks

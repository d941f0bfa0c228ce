import type { EditorHooks } from '../../core/editor/types.ts'

const UNITS: Readonly<Record<string, string>> = { absolute: '', last: ' %', range: ' % of range' }
const KEPT: Readonly<Record<string, string>> = {
  last: 'last',
  first: 'first',
  mean: 'average',
  lttb: 'shape'
}

export default {
  label({ method, band, width, keep, every }) {
    if (method === 'duplicates') return 'each record once'
    if (method === 'interval') return `${KEPT[String(keep)] ?? KEPT.last} of each ${every}`
    const within = `± ${width}${UNITS[String(band)] ?? ''}`
    return method === 'door' ? `curve ${within}` : `changed ${within}`
  }
} satisfies EditorHooks

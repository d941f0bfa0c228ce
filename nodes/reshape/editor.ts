import type { EditorHooks, Values } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'
import { isPreset, PRESETS } from './presets.ts'
import type { Settings } from './settings.ts'

const MADE = { unpivot: 'metrics', keep: 'record', pivot: 'wide record' } as const

export default {
  label({ preset, mode }) {
    const made = MADE[mode as Settings['mode']] ?? MADE.unpivot
    return isPreset(preset) ? `${PRESETS[preset].label} → ${made}` : `reshape → ${made}`
  },
  problems: values => problemsBetween(values as Settings),
  learns: true,
  opened(form) {
    let shown = form.values().preset
    form.onChange(({ preset }: Values) => {
      if (preset === shown) return
      shown = preset
      if (!isPreset(preset)) return
      const settings: Readonly<Record<string, unknown>> = PRESETS[preset].settings
      for (const [name, { default: usual }] of Object.entries(form.fields))
        if (name !== 'preset') form.set(name, settings[name] ?? usual)
    })
  }
} satisfies EditorHooks

import assert from 'node:assert/strict'
import { OptionsError } from '../../../core/options-error.ts'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { PRESETS, type PresetName } from '../../../nodes/reshape/presets.ts'
import { spec } from '../../../nodes/reshape/spec.ts'
import { samples } from './preset-samples.ts'
import { optionsOf, prepare, rowsOf } from './reshape-of.ts'

describe('nodes/reshape, presets', () => {
  for (const [preset, { also = [], ...first }] of Object.entries(samples)) {
    for (const { topic, payload, rows, more } of [first, ...also]) {
      const which = also.length > 0 ? `, ${topic} = ${String(payload)}` : ''
      it(`${PRESETS[preset as PresetName].label}: the rows of a message as documented${which}`, async () => {
        assert.deepEqual(await rowsOf({ preset, ...more }, payload, topic), rows)
      })
    }
  }

  it('name their document, and set fields that there are to what these may be', () => {
    for (const [name, { document, settings }] of Object.entries(PRESETS)) {
      assert.match(document, /^https:\/\/[^ ]+$/)
      const unknown = Object.keys(settings).filter(
        field => !Object.hasOwn(spec.fields, field) || field === 'preset'
      )
      assert.deepEqual(unknown, [], name)
      assert.doesNotThrow(
        () => reshaper(optionsOf({ preset: name }), () => 0, prepare),
        OptionsError
      )
    }
  })
})

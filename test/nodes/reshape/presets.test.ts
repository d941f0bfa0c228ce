import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { OptionsError } from '../../../core/options-error.ts'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { PRESETS, type Preset, type PresetName } from '../../../nodes/reshape/presets.ts'
import { spec } from '../../../nodes/reshape/spec.ts'
import { samples } from './preset-samples.ts'
import { optionsOf, prepare, rowsOf } from './reshape-of.ts'

describe('nodes/reshape, presets', () => {
  for (const [preset, { topic, more, payload, rows }] of Object.entries(samples)) {
    it(`${PRESETS[preset as PresetName].label}: the rows of a message as documented`, async () => {
      assert.deepEqual(await rowsOf({ preset, ...more }, payload, topic), rows)
    })
  }

  it('that no document has a sample of are named in the help', () => {
    const help = readFileSync(new URL('../../../nodes/reshape/help.md', import.meta.url), 'utf8')
    const [, sentence = ''] = /no sample of ([^.]*)\./.exec(help) ?? []
    const unproven = Object.values<Preset>(PRESETS).filter(({ isUnproven }) => isUnproven)
    assert.equal(sentence, unproven.map(({ label }) => label).join(' and '))
  })

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

import assert from 'node:assert/strict'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { optionsOf, prepare, rowsOf } from './reshape-of.ts'

describe('nodes/reshape, numbers that cannot be calculated with', () => {
  it('are refused where all numbers are converted, and kept where nothing is calculated', async () => {
    const payload = { device_id: 'd', ts: 1, big: 12345678901234567890n, small: 2 }
    const by = (action: string, text: string) => ({
      values: [{ metric: '*', action, by: text }]
    })
    assert.deepEqual(await rowsOf(by('scale', '0.1'), payload), [
      [1, 'd', 'small', 0.2],
      'NOT_A_NUMBER'
    ])
    assert.deepEqual(await rowsOf(by('number', ''), payload), [
      [1, 'd', 'big', 12345678901234567890n],
      [1, 'd', 'small', 2]
    ])
  })
})

describe('nodes/reshape, values as a person would calculate them', () => {
  const cases: [action: string, by: string, given: unknown, expected: unknown][] = [
    ['offset', '-273.15', 300.4, 27.25],
    ['offset', '-40', 40.3, 0.3],
    ['offset', '0.1', 0.2, 0.3],
    ['scale', '0.1', 0.7, 0.07],
    ['scale', '0.01', 2375, 23.75],
    ['scale', '1.1', 3, 3.3],
    ['scale', '1e-7', 3, 3e-7],
    ['round', '2', 1.005, 1.01],
    ['round', '2', -1.005, -1.01],
    ['round', '0', -0.4, 0],
    ['unit', 'mV > V', 3300, 3.3],
    ['unit', 'A > mA', 0.02, 20],
    ['unit', 'mAh > Ah', 1500, 1.5],
    ['unit', 'kΩ > ohm', 4.7, 4700],
    ['unit', '% > 1', 50, 0.5],
    ['unit', 'ppm > %', 400, 0.04],
    ['unit', 'ug/m3 > mg/m3', 12, 0.012]
  ]
  for (const [action, by, given, expected] of cases) {
    it(`${given} by ${action} ${by} is ${expected}`, async () => {
      const settings = { values: [{ metric: 'v', action, by }], keep: [] }
      assert.deepEqual(await rowsOf(settings, { v: given }), [
        [undefined, undefined, 'v', expected]
      ])
    })
  }

  it('a word that stands for two numbers is told at deploy', () => {
    const deploy = (by: string) =>
      reshaper(optionsOf({ values: [{ metric: 'v', action: 'words', by }] }), () => 0, prepare)
    assert.throws(() => deploy('ON=1, OFF=0, on=2'), /"on" stands for two numbers/)
    assert.doesNotThrow(() => deploy('ON=1, OFF=0, on=1'))
  })

  for (const by of ['V > A', 'mA > mAh', '% > V'])
    it(`${by} is told at deploy`, () =>
      assert.throws(() =>
        reshaper(optionsOf({ values: [{ metric: 'v', action: 'unit', by }] }), () => 0, prepare)
      ))
})

describe('nodes/reshape, a field that must agree with the topic', () => {
  const settings = { topic: 's/{device_id}', topicWins: 'agree' }
  const given: [there: unknown, agrees: boolean][] = [
    ['7', true],
    [7, true],
    [['7'], false],
    [{ toString: '7' }, false],
    ['07', false],
    ['', false],
    [true, false]
  ]
  for (const [device_id, agrees] of given)
    it(`${JSON.stringify(device_id)} ${agrees ? 'agrees' : 'is rejected'}`, async () => {
      const rows = await rowsOf(settings, { device_id, v: 1 }, 's/7')
      assert.deepEqual(rows, agrees ? [[undefined, device_id, 'v', 1]] : ['FIELD_CONFLICT'])
    })
})

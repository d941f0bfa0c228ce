import assert from 'node:assert/strict'
import { OptionsError } from '../../../core/options-error.ts'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { optionsOf, prepare, reshaped } from './reshape-of.ts'

/** From, to, and what so many are. */
type Case = readonly [from: string, to: string, value: number, expected: number]

const KINDS: Readonly<Record<string, readonly Case[]>> = {
  temperature: [
    ['°F', '°C', 212, 100],
    ['[degF]', 'Cel', 32, 0],
    ['FAH', 'CEL', 212, 100],
    ['K', '°C', 273.15, 0],
    ['KEL', 'CEL', 300.15, 27],
    ['°C', 'K', 21.5, 294.65],
    ['°c', '°f', 100, 212]
  ],
  pressure: [
    ['psi', 'kPa', 14.7, 101.3529],
    ['[psi]', 'bar', 14.503773773, 1],
    ['PSI', 'kPa', 1, 6.894757],
    ['bar', 'Pa', 1, 100_000],
    ['BAR', 'PAL', 1, 100_000],
    ['mbar', 'hPa', 1013, 1013],
    ['inHg', 'hPa', 29.92, 1013.2075],
    ["[in_i'Hg]", 'kPa', 1, 3.386389],
    ['mmHg', 'Pa', 1, 133.322387],
    ['mm[Hg]', 'kPa', 760, 101.325014],
    ['inH2O', 'Pa', 1, 249.08891],
    ['atm', 'bar', 1, 1.01325]
  ],
  energy: [
    ['kWh', 'J', 1, 3_600_000],
    ['KWH', 'MJ', 1, 3.6],
    ['Wh', 'kWh', 500, 0.5],
    ['MWh', 'kWh', 1.5, 1500],
    ['kW.h', 'Wh', 1, 1000],
    ['BTU', 'kJ', 1, 1.055056],
    ['[Btu_IT]', 'J', 1, 1055.05585],
    ['kcal', 'kJ', 1, 4.184],
    ['Wmin', 'Wh', 60, 1]
  ],
  power: [
    ['kW', 'W', 1.5, 1500],
    ['hp', 'W', 1, 745.699872],
    ['PS', 'kW', 1, 0.73549875],
    ['BTU/h', 'W', 1, 0.293071],
    ['dBm', 'mW', 20, 100],
    ['dBm', 'W', 30, 1],
    ['mW', 'dBm', 1000, 30]
  ],
  flow: [
    ['gpm', 'l/min', 1, 3.785412],
    ['GPM', 'm3/h', 1, 0.227125],
    ['[gal_us]/min', 'L/min', 1, 3.785412],
    ['l/min', 'm3/h', 1000, 60],
    ['lpm', 'l/s', 60, 1],
    ['m³/h', 'l/s', 3.6, 1],
    ['MQH', 'l/min', 0.06, 1],
    ['cfm', 'm3/h', 1, 1.699011]
  ],
  speed: [
    ['mph', 'km/h', 1, 1.609344],
    ['[mi_i]/h', 'm/s', 1, 0.44704],
    ['knots', 'km/h', 1, 1.852],
    ['kn', 'm/s', 1, 0.514444],
    ['[kn_i]', 'km/h', 10, 18.52],
    ['KMH', 'MTS', 3.6, 1],
    ['ft/s', 'm/s', 1, 0.3048]
  ],
  parts: [
    ['ppm', '%', 412, 0.0412],
    ['ppb', 'ppm', 1500, 1.5],
    ['P1', '1', 50, 0.5],
    ['%RH', '%', 45, 45]
  ],
  turns: [
    ['Hz', 'rpm', 50, 3000],
    ['RPM', 'Hz', 1500, 25],
    ['1/min', 'Hz', 60, 1],
    ['kHz', 'Hz', 1.5, 1500],
    ['HTZ', 'MHz', 868_000_000, 868]
  ],
  electric: [
    ['mV', 'V', 3300, 3.3],
    ['VLT', 'mV', 1, 1000],
    ['kVAr', 'var', 1, 1000],
    ['mAh', 'Ah', 2600, 2.6],
    ['kOhm', 'Ω', 10, 10_000],
    ['µS/cm', 'mS/cm', 1413, 1.413],
    ['mS/cm', 'S/m', 10, 1],
    ['µT', 'mT', 48, 0.048]
  ],
  others: [
    ['lx', 'lux', 500, 500],
    ['[in_i]', 'mm', 1, 25.4],
    ['um', 'mm', 25, 0.025],
    ['[lb_av]', 'kg', 1, 0.45359237],
    ['[gal_us]', 'L', 1, 3.785412],
    ['µg/m3', 'mg/m³', 35, 0.035],
    ['pCi/L', 'Bq/m3', 4, 148],
    ['µSv/h', 'mSv/h', 100, 0.1],
    ['Nm', 'ft.lbf', 1.3558179483314, 1],
    ['m/s2', 'g', 9.80665, 1],
    ['g', 'kg', 500, 0.5],
    ['hr', 'min', 1.5, 90],
    ['us', 'ms', 1500, 1.5],
    ['deg', 'rad', 180, Math.PI]
  ]
}

const withUnit = (by: string) => ({ mode: 'keep', values: [{ metric: '*', action: 'unit', by }] })

describe('nodes/reshape, units by their codes', () => {
  for (const [kind, cases] of Object.entries(KINDS)) {
    for (const [from, to, value, expected] of cases) {
      it(`${kind}: ${value} ${from} are ${expected} ${to}`, async () => {
        const { rows } = await reshaped(withUnit(`${from} > ${to}`), { metric: 'm', value })
        const got = rows[0]!.value as number
        assert.ok(Math.abs(got - expected) <= Math.abs(expected) * 3e-6, String(got))
      })
    }
  }

  for (const by of ['foo > bar', '°C > Pa', 'V > A', 'ton > kg', 'dBm > V', 'mW > foo', '% > m'])
    it(`${by}: is told at deploy`, () => {
      const deploy = () => reshaper(optionsOf(withUnit(by)), () => 0, prepare)
      assert.throws(
        deploy,
        (error: Error) =>
          error instanceof OptionsError && /there is no way from/.test(error.message)
      )
    })

  it('of no power there are no decibels', async () => {
    const { rejected } = await reshaped(withUnit('mW > dBm'), { metric: 'm', value: 0 })
    assert.equal(rejected[0]!.reason.code, 'NOT_A_NUMBER')
  })
})

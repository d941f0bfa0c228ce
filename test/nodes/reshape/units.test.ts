import assert from 'node:assert/strict'
import { OptionsError } from '../../../core/options-error.ts'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { optionsOf, prepare, reshaped } from './reshape-of.ts'

/** A kind, from, to, and what so many are. */
const CASES: readonly (readonly [
  kind: string,
  from: string,
  to: string,
  value: number,
  expected: number
])[] = [
  ['temperature', '°F', '°C', 212, 100],
  ['temperature', '[degF]', 'Cel', 32, 0],
  ['temperature', 'FAH', 'CEL', 212, 100],
  ['temperature', 'K', '°C', 273.15, 0],
  ['temperature', 'KEL', 'CEL', 300.15, 27],
  ['temperature', '°C', 'K', 21.5, 294.65],
  ['temperature', '°c', '°f', 100, 212],
  ['pressure', 'psi', 'kPa', 14.7, 101.3529],
  ['pressure', '[psi]', 'bar', 14.503773773, 1],
  ['pressure', 'PSI', 'kPa', 1, 6.894757],
  ['pressure', 'bar', 'Pa', 1, 100_000],
  ['pressure', 'BAR', 'PAL', 1, 100_000],
  ['pressure', 'mbar', 'hPa', 1013, 1013],
  ['pressure', 'inHg', 'hPa', 29.92, 1013.2075],
  ['pressure', "[in_i'Hg]", 'kPa', 1, 3.386389],
  ['pressure', 'mmHg', 'Pa', 1, 133.322387],
  ['pressure', 'mm[Hg]', 'kPa', 760, 101.325014],
  ['pressure', 'inH2O', 'Pa', 1, 249.08891],
  ['pressure', 'atm', 'bar', 1, 1.01325],
  ['energy', 'kWh', 'J', 1, 3_600_000],
  ['energy', 'KWH', 'MJ', 1, 3.6],
  ['energy', 'Wh', 'kWh', 500, 0.5],
  ['energy', 'MWh', 'kWh', 1.5, 1500],
  ['energy', 'kW.h', 'Wh', 1, 1000],
  ['energy', 'BTU', 'kJ', 1, 1.055056],
  ['energy', '[Btu_IT]', 'J', 1, 1055.05585],
  ['energy', 'kcal', 'kJ', 1, 4.184],
  ['energy', 'Wmin', 'Wh', 60, 1],
  ['power', 'kW', 'W', 1.5, 1500],
  ['power', 'hp', 'W', 1, 745.699872],
  ['power', 'PS', 'kW', 1, 0.73549875],
  ['power', 'BTU/h', 'W', 1, 0.293071],
  ['power', 'dBm', 'mW', 20, 100],
  ['power', 'dBm', 'W', 30, 1],
  ['power', 'mW', 'dBm', 1000, 30],
  ['flow', 'gpm', 'l/min', 1, 3.785412],
  ['flow', 'GPM', 'm3/h', 1, 0.227125],
  ['flow', '[gal_us]/min', 'L/min', 1, 3.785412],
  ['flow', 'l/min', 'm3/h', 1000, 60],
  ['flow', 'lpm', 'l/s', 60, 1],
  ['flow', 'm³/h', 'l/s', 3.6, 1],
  ['flow', 'MQH', 'l/min', 0.06, 1],
  ['flow', 'cfm', 'm3/h', 1, 1.699011],
  ['speed', 'mph', 'km/h', 1, 1.609344],
  ['speed', '[mi_i]/h', 'm/s', 1, 0.44704],
  ['speed', 'knots', 'km/h', 1, 1.852],
  ['speed', 'kn', 'm/s', 1, 0.514444],
  ['speed', '[kn_i]', 'km/h', 10, 18.52],
  ['speed', 'KMH', 'MTS', 3.6, 1],
  ['speed', 'ft/s', 'm/s', 1, 0.3048],
  ['parts', 'ppm', '%', 412, 0.0412],
  ['parts', 'ppb', 'ppm', 1500, 1.5],
  ['parts', 'P1', '1', 50, 0.5],
  ['parts', '%RH', '%', 45, 45],
  ['turns', 'Hz', 'rpm', 50, 3000],
  ['turns', 'RPM', 'Hz', 1500, 25],
  ['turns', '1/min', 'Hz', 60, 1],
  ['turns', 'kHz', 'Hz', 1.5, 1500],
  ['turns', 'HTZ', 'MHz', 868_000_000, 868],
  ['electric', 'mV', 'V', 3300, 3.3],
  ['electric', 'VLT', 'mV', 1, 1000],
  ['electric', 'kVAr', 'var', 1, 1000],
  ['electric', 'mAh', 'Ah', 2600, 2.6],
  ['electric', 'kOhm', 'Ω', 10, 10_000],
  ['electric', 'µS/cm', 'mS/cm', 1413, 1.413],
  ['electric', 'mS/cm', 'S/m', 10, 1],
  ['electric', 'µT', 'mT', 48, 0.048],
  ['others', 'lx', 'lux', 500, 500],
  ['others', '[in_i]', 'mm', 1, 25.4],
  ['others', 'um', 'mm', 25, 0.025],
  ['others', '[lb_av]', 'kg', 1, 0.45359237],
  ['others', '[gal_us]', 'L', 1, 3.785412],
  ['others', 'µg/m3', 'mg/m³', 35, 0.035],
  ['others', 'pCi/L', 'Bq/m3', 4, 148],
  ['others', 'µSv/h', 'mSv/h', 100, 0.1],
  ['others', 'Nm', 'ft.lbf', 1.3558179483314, 1],
  ['others', 'm/s2', 'g', 9.80665, 1],
  ['others', 'g', 'kg', 500, 0.5],
  ['others', 'hr', 'min', 1.5, 90],
  ['others', 'us', 'ms', 1500, 1.5],
  ['others', 'deg', 'rad', 180, Math.PI]
]

const withUnit = (by: string) => ({ mode: 'keep', values: [{ metric: '*', action: 'unit', by }] })

describe('nodes/reshape, units by their codes', () => {
  for (const [kind, from, to, value, expected] of CASES) {
    it(`${kind}: ${value} ${from} are ${expected} ${to}`, async () => {
      const { rows } = await reshaped(withUnit(`${from} > ${to}`), { metric: 'm', value })
      const got = rows[0]!.value as number
      assert.ok(Math.abs(got - expected) <= Math.abs(expected) * 3e-6, String(got))
    })
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

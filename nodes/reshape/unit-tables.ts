/**
 * Units that the library `convert` does not have, or has by another name: codes of UCUM and of
 * UN/ECE Recommendation 20, and what devices write.
 */

/** The same unit by the name that is looked up further. */
const NAMES: Readonly<Record<string, string>> = {
  C: 'Cel CEL ℃ degC °c deg_C celsius Celsius',
  F: '[degF] FAH ℉ degF °f deg_F fahrenheit Fahrenheit',
  K: 'KEL kelvin Kelvin',
  R: '[degR] °R',
  psi: '[psi] PSI lbf/in2 psig',
  bar: 'BAR',
  mbar: 'MBR',
  Pa: 'PAL',
  hPa: 'A97',
  kPa: 'KPA',
  MPa: 'MPA',
  inHg: "[in_i'Hg]",
  Wh: 'W.h W·h WHR',
  kWh: 'kW.h kW·h KWH kwh',
  MWh: 'MW.h MW·h MWH',
  J: 'JOU',
  kJ: 'KJO',
  MJ: '3B',
  W: 'WTT',
  kW: 'KWT',
  MW: 'MAW',
  hp: '[HP] HP',
  'mi/h': 'mph MPH [mi_i]/h HM',
  'km/h': 'kph kmh KMH km/hr',
  'm/s': 'MTS mps',
  'ft/s': 'fps',
  'nautical mile/h': 'kn kt kts knot knots [kn_i] KNT',
  'gal/min': 'gpm GPM [gal_us]/min usgpm',
  'l/min': 'lpm LPM L2 slpm',
  'l/s': 'lps',
  'l/h': 'lph',
  'ft3/min': 'cfm CFM [cft_i]/min',
  'm3/h': 'MQH cmh CMH',
  'm3/s': 'MQS',
  m: 'MTR',
  cm: 'CMT',
  mm: 'MMT',
  km: 'KMT',
  µm: 'um micron μm',
  in: '[in_i] INH inch',
  ft: '[ft_i] FOT',
  yd: '[yd_i] YRD',
  mi: '[mi_i] SMI',
  'nautical mile': '[nmi_i] NMI',
  kg: 'KGM',
  g: 'GRM',
  mg: 'MGM',
  µg: 'ug μg mcg',
  t: 'TNE',
  lb: '[lb_av] LBR',
  oz: '[oz_av] ONZ',
  l: 'LTR',
  ml: 'MLT',
  m3: 'm³ m^3 MTQ',
  cm3: 'cm³ cm^3 cc CMQ',
  ft3: 'ft³ ft^3 [cft_i] cu.ft',
  gal: '[gal_us] GLL',
  'imperial gallon': '[gal_br] GLI',
  m2: 'm² m^2 MTK',
  cm2: 'cm² cm^2',
  km2: 'km² km^2',
  ft2: 'ft² ft^2 sqft',
  s: 'SEC sec',
  min: 'MIN',
  h: 'HUR hr',
  d: 'DAY',
  ms: 'C26',
  µs: 'us μs',
  deg: 'DD',
  rad: 'C81',
  lx: 'LUX',
  V: 'VLT',
  kV: 'KVT',
  mV: '2Z',
  A: 'AMP',
  mA: '4K',
  Hz: 'HTZ',
  kHz: 'KHZ',
  MHz: 'MHZ',
  var: 'VAr VAR',
  kvar: 'kVAr kVAR',
  Mvar: 'MVAr MVAR',
  varh: 'VArh VARh',
  kvarh: 'kVArh kVARh',
  '%': 'P1 percent pct %RH %rh',
  ppm: '[ppm] 59',
  ppb: '[ppb] 61'
}

export const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([name, others]) =>
    others.split(' ').map(other => [other, name] as const)
  )
)

/** So many of a unit that the library has. */
export const MULTIPLES: ReadonlyMap<string, readonly [factor: number, unit: string]> = new Map(
  Object.entries({
    mmHg: [133.322387415, 'Pa'],
    'mm[Hg]': [133.322387415, 'Pa'],
    mmH2O: [9.80665, 'Pa'],
    cmH2O: [98.0665, 'Pa'],
    mH2O: [9806.65, 'Pa'],
    'm[H2O]': [9806.65, 'Pa'],
    inH2O: [249.08891, 'Pa'],
    "[in_i'H2O]": [249.08891, 'Pa'],
    'kgf/cm2': [98_066.5, 'Pa'],
    Btu: [1055.05585262, 'J'],
    BTU: [1055.05585262, 'J'],
    '[Btu_IT]': [1055.05585262, 'J'],
    cal: [4.184, 'J'],
    kcal: [4184, 'J'],
    therm: [105_505_585.262, 'J'],
    eV: [1.602176634e-19, 'J'],
    Wmin: [60, 'J'],
    PS: [735.49875, 'W'],
    'BTU/h': [0.29307107017222, 'W'],
    'Btu/h': [0.29307107017222, 'W'],
    mil: [2.54e-5, 'm'],
    thou: [2.54e-5, 'm'],
    bbl: [0.158987294928, 'm3'],
    BLL: [0.158987294928, 'm3'],
    kp: [9.80665, 'N'],
    mrad: [1e-3, 'rad']
  })
)

/** Kinds of units of which the library has none: each with what it is in the first of them. */
export const KINDS: readonly Readonly<Record<string, number>>[] = [
  { 1: 1, '%': 1e-2, '‰': 1e-3, ppm: 1e-6, ppb: 1e-9 },
  {
    Hz: 1,
    kHz: 1e3,
    MHz: 1e6,
    GHz: 1e9,
    mHz: 1e-3,
    '1/s': 1,
    '/s': 1,
    '1/min': 1 / 60,
    '/min': 1 / 60,
    rpm: 1 / 60,
    RPM: 1 / 60,
    'r/min': 1 / 60,
    'rev/min': 1 / 60,
    bpm: 1 / 60,
    'rad/s': 1 / (2 * Math.PI)
  },
  {
    Nm: 1,
    N·m: 1,
    'N.m': 1,
    kNm: 1e3,
    'ft.lbf': 1.3558179483314,
    'lbf.ft': 1.3558179483314,
    ft·lbf: 1.3558179483314,
    lbf·ft: 1.3558179483314,
    'in.lbf': 0.1129848290276167
  },
  {
    'm/s2': 1,
    'm/s²': 1,
    g: 9.80665,
    gn: 9.80665,
    '[g]': 9.80665,
    mg: 9.80665e-3,
    'ft/s2': 0.3048
  },
  { 'Pa.s': 1, Pa·s: 1, 'mPa.s': 1e-3, mPa·s: 1e-3, cP: 1e-3 },
  { 'Bq/m3': 1, 'Bq/m³': 1, 'kBq/m3': 1e3, 'kBq/m³': 1e3, 'pCi/L': 37, 'pCi/l': 37 },
  { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9, B: 8, kB: 8e3, MB: 8e6, GB: 8e9 },
  { bps: 1, kbps: 1e3, Mbps: 1e6, Gbps: 1e9, 'bit/s': 1, 'kbit/s': 1e3, 'Mbit/s': 1e6 }
]

/** Any prefix stands before these: of electricity, magnetism, radiation and amounts. */
export const PREFIXED =
  /^([pnuµμmkMGT]?)(V|A|VA|var|Ah|VAh|varh|Ω|Ohm|ohm|F|S|H|T|Bq|Sv|Gy|mol|lm|cd)$/

export const PREFIXES: Readonly<Record<string, number>> = {
  p: 1e-12,
  n: 1e-9,
  u: 1e-6,
  µ: 1e-6,
  μ: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12
}

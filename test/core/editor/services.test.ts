import assert from 'node:assert/strict'
import { parseHTML } from 'linkedom'
import { offersServices } from '../../../core/editor/services.ts'
import type { Form, Values } from '../../../core/editor/types.ts'
import type { Field } from '../../../core/node/spec.ts'

const text = (value: string): Field => ({ kind: 'text', label: '', help: '', default: value })
const FIELDS: Readonly<Record<string, Field>> = {
  service: { kind: 'choice', label: '', help: '', default: 'own', choices: {} },
  url: text('mqtt://here'),
  user: text(''),
  expiryS: { kind: 'number', label: '', help: '', default: 86_400 }
}
const SERVICES: Readonly<Record<string, Record<string, unknown>>> = {
  cloud: { url: 'mqtts://ENDPOINT', user: 'HUB', expiryS: 3_600 },
  plain: {}
}

describe('a dialog that offers services', () => {
  let values: Record<string, unknown>
  let choose: (service: string) => void

  beforeEach(() => {
    const { document } = parseHTML('<div id="row"></div>')
    Object.assign(globalThis, { document })
    values = Object.fromEntries(
      Object.entries(FIELDS).map(([name, field]) => [name, field.default])
    )
    let changed: (values: Values) => void = () => {}
    const form = {
      fields: FIELDS,
      values: () => values,
      set: (name: string, value: unknown) => {
        values = { ...values, [name]: String(value) }
      },
      row: () => document.querySelector('#row'),
      onChange: (listener: typeof changed) => {
        changed = listener
      }
    } as unknown as Form
    offersServices(name => {
      const settings = SERVICES[name]
      return settings && { settings, note: name }
    }).opened?.(form)
    choose = service => {
      values = { ...values, service }
      changed(values)
    }
  })
  after(() => {
    Reflect.deleteProperty(globalThis, 'document')
  })

  it('leaves nothing behind of those that were only looked at', () => {
    choose('cloud')
    assert.deepEqual(values, {
      service: 'cloud',
      url: 'mqtts://ENDPOINT',
      user: 'HUB',
      expiryS: '3600'
    })
    choose('plain')
    assert.deepEqual(values, { service: 'plain', url: 'mqtt://here', user: '', expiryS: '86400' })
  })

  it('keeps what a person has typed, before and after', () => {
    values = { ...values, url: 'mqtts://mine' }
    choose('cloud')
    values = { ...values, user: 'me' }
    choose('own')
    assert.deepEqual(values, {
      service: 'own',
      url: 'mqtts://mine',
      user: 'me',
      expiryS: '86400'
    })
  })
})

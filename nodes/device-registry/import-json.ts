import { statusOf } from './import-csv.ts'
import { Collected, type Imported, type ImportedDevice } from './import-row.ts'
import { withoutSecrets } from './secrets.ts'

type Entry = Readonly<Record<string, unknown>>

interface Form {
  readonly name: string
  fits(entry: Entry): boolean
  rowOf(entry: Entry): ImportedDevice
}

const objectOf = (value: unknown): Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Entry) : {}
const wordOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''

/** The first of these fields that says something. */
const oneOf = (from: Entry, ...names: readonly string[]): string =>
  names.map(name => wordOf(from[name])).find(word => word !== '') ?? ''

const texts = (row: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(row).filter(([, text]) => text !== ''))

const objects = (row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(row)
      .map(([name, value]) => [name, withoutSecrets(value)] as const)
      .filter(([, value]) => Object.keys(objectOf(value)).length > 0)
  )

const about = (from: Entry) => ({
  site: oneOf(from, 'site', 'plant', 'factory', 'building'),
  location: oneOf(from, 'location', 'place', 'room'),
  firmware: oneOf(from, 'firmware', 'firmwareVersion', 'firmware_version', 'fw')
})

/** `aws iot list-things` and `aws iot search-index`. */
const AWS: Form = {
  name: 'AWS IoT things',
  fits: entry => 'thingName' in entry,
  rowOf(entry) {
    const { attributes, thingGroupNames, shadow } = entry
    const given = objectOf(attributes)
    const groups = Array.isArray(thingGroupNames) ? { groups: thingGroupNames } : {}
    const reported = objectOf(objectOf(typeof shadow === 'string' ? json(shadow) : shadow).reported)
    const told = about({ ...reported, ...given })
    return {
      id: wordOf(entry.thingName),
      ...texts({ type: wordOf(entry.thingTypeName), name: oneOf(given, 'name', 'displayName') }),
      ...texts(told),
      ...objects({ info: { ...given, ...groups } })
    }
  }
}

/** Thumbprints name a certificate; they open nothing. */
const thumbprintsOf = (x509: unknown): Entry => {
  const { primaryThumbprint, secondaryThumbprint } = objectOf(x509)
  return withoutSecrets({ primaryThumbprint, secondaryThumbprint }) as Entry
}

/** The export of all devices of an IoT Hub, `az iot hub device-identity list`, and its twins. */
const HUB: Form = {
  name: 'Azure IoT Hub devices',
  fits: entry =>
    ('deviceId' in entry || 'id' in entry) &&
    ['authentication', 'twinETag', 'connectionState', 'authenticationType', 'properties'].some(
      name => name in entry
    ),
  rowOf(entry) {
    const tags = objectOf(entry.tags)
    const reported = objectOf(objectOf(entry.properties).reported)
    const { authentication, x509Thumbprint } = entry
    const keys = {
      ...thumbprintsOf(x509Thumbprint),
      ...thumbprintsOf(objectOf(authentication).x509Thumbprint)
    }
    const status = statusOf(entry.status)
    return {
      id: oneOf(entry, 'deviceId', 'id'),
      ...texts({ type: oneOf(tags, 'type', 'deviceType', 'model'), name: oneOf(tags, 'name') }),
      ...texts(about({ ...reported, ...tags })),
      ...(status && { status }),
      ...objects({ keys, info: tags })
    }
  }
}

/** Enrollments and registrations of a Device Provisioning Service. */
const DPS: Form = {
  name: 'Azure DPS enrollments',
  fits: entry => 'registrationId' in entry,
  rowOf(entry) {
    const { initialTwin, attestation, provisioningStatus, status, substatus } = entry
    const tags = objectOf(objectOf(initialTwin).tags)
    const x509 = objectOf(objectOf(objectOf(attestation).x509).clientCertificates)
    const { sha256Thumbprint, sha1Thumbprint } = objectOf(objectOf(x509.primary).info)
    const known = statusOf(provisioningStatus ?? status)
    const hub = oneOf(entry, 'iotHubHostName', 'assignedHub')
    return {
      id: oneOf(entry, 'deviceId', 'registrationId'),
      ...texts({ type: oneOf(tags, 'type', 'deviceType', 'model'), name: oneOf(tags, 'name') }),
      ...texts(about(tags)),
      ...(known && { status: known }),
      ...objects({
        keys: { sha256Thumbprint, sha1Thumbprint },
        info: { ...tags, hub, substatus }
      })
    }
  }
}

/** A list of objects as this node has them, such as from its own HTTP answer. */
const OWN: Form = {
  name: 'a list of devices',
  fits: entry => ['device_id', 'deviceId', 'id'].some(name => name in entry),
  rowOf(entry) {
    const status = statusOf(entry.status)
    return {
      id: oneOf(entry, 'device_id', 'deviceId', 'id'),
      ...texts({ name: wordOf(entry.name), type: oneOf(entry, 'type', 'device_type', 'model') }),
      ...texts(about(entry)),
      ...(status && { status }),
      ...objects({ info: objectOf(entry.info) })
    }
  }
}

const FORMS = [AWS, DPS, HUB, OWN] as const

/**
 * The devices of entries as a cloud gives them.
 * @throws Error where no entry is of a form that is known
 */
export function fromClouds(entries: readonly unknown[]): Imported {
  const form = FORMS.find(each => entries.some(entry => each.fits(objectOf(entry))))
  if (form === undefined)
    throw new Error(
      'The list is JSON, but no entry has a thingName (AWS), deviceId or registrationId (Azure), or device_id.'
    )
  const collected = new Collected()
  for (const [index, entry] of entries.entries()) {
    const given = objectOf(entry)
    if (form.fits(given)) collected.add(index + 1, form.rowOf(given))
    else collected.refuse(index + 1, `it is none of ${form.name}`)
  }
  return collected.as(form.name)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

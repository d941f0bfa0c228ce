import assert from 'node:assert/strict'
import { importRows } from '../../../nodes/device-registry/import-rows.ts'

describe('nodes/device-registry: lists of other systems', () => {
  it('CSV, whatever its columns are called and apart by', () => {
    const { form, rows, problems } = importRows(
      'Device ID;Display Name;Model;Site;Line;status;Primary Key\nd1;Boiler;TH-10;s1;4;enabled;secret\n\nd2;;;;;disabled;\n'
    )
    assert.equal(form, 'CSV')
    assert.deepEqual(problems, [])
    assert.deepEqual(rows, [
      {
        id: 'd1',
        name: 'Boiler',
        type: 'TH-10',
        site: 's1',
        status: 'approved',
        info: { Line: '4' }
      },
      { id: 'd2', status: 'blocked' }
    ])
  })

  it('names a problem with its line, and takes the others', () => {
    const { rows, problems } = importRows('id,name\na,x\n,y\nb,x,too many\na,again\n')
    assert.deepEqual(rows, [{ id: 'a', name: 'again' }])
    assert.deepEqual(problems, [
      { line: 2, message: 'the device a stands again in 5, which counts' },
      { line: 3, message: 'it names no device' },
      { line: 4, message: 'it has 3 cells, the header 2' }
    ])
  })

  it('refuses what is no list of devices, in words', () => {
    assert.throws(() => importRows('colour,size\nred,7\n'), /No column names the device.*colour/s)
    assert.throws(() => importRows('{"things": [{"a": 1}]}'), /no entry has a thingName/)
    assert.throws(() => importRows('[{"id": 1'), /not JSON/)
    assert.throws(() => importRows('x'.repeat(4_000_001)), /in parts/)
  })

  it('AWS IoT: list-things and the fleet index', () => {
    const things = [
      {
        thingName: 'pump-1',
        thingTypeName: 'pump',
        thingArn: 'arn:aws:iot:eu-central-1:1:thing/pump-1',
        attributes: { site: 'plant-2', serial: '77' },
        version: 3
      },
      {
        thingName: 'pump-2',
        thingGroupNames: ['hall-a'],
        attributes: {},
        shadow: '{"reported":{"firmware":"1.4.2"}}',
        connectivity: { connected: true }
      }
    ]
    const { form, rows } = importRows(JSON.stringify({ things, nextToken: 'x' }))
    assert.equal(form, 'AWS IoT things')
    assert.deepEqual(rows, [
      { id: 'pump-1', type: 'pump', site: 'plant-2', info: { site: 'plant-2', serial: '77' } },
      { id: 'pump-2', firmware: '1.4.2', info: { groups: ['hall-a'] } }
    ])
  })

  it('Azure IoT Hub: the export of devices, a line each, and no key of it', () => {
    const line = (id: string, status: string) =>
      JSON.stringify({
        id,
        eTag: 'x',
        status,
        authentication: {
          symmetricKey: { primaryKey: 'QUJD', secondaryKey: 'REVG' },
          x509Thumbprint: { primaryThumbprint: 'AB12', secondaryThumbprint: null },
          type: 'sas'
        },
        twinETag: 'y',
        tags: { site: 'plant-1', deviceType: 'meter', apiKey: 'hush' },
        properties: { reported: { firmwareVersion: '2.0' } }
      })
    const { form, rows } = importRows(`${line('m1', 'enabled')}\n${line('m2', 'disabled')}\n`)
    assert.equal(form, 'Azure IoT Hub devices')
    assert.deepEqual(rows[0], {
      id: 'm1',
      type: 'meter',
      site: 'plant-1',
      firmware: '2.0',
      status: 'approved',
      keys: { primaryThumbprint: 'AB12' },
      info: { site: 'plant-1', deviceType: 'meter' }
    })
    assert.equal(rows[1]?.status, 'blocked')
    assert.doesNotMatch(JSON.stringify(rows), /QUJD|REVG|hush/)
  })

  it('Azure DPS: enrollments as JSON and as CSV', () => {
    const { form, rows } = importRows(
      JSON.stringify([
        {
          registrationId: 'reg-1',
          deviceId: 'd-1',
          attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: 'QUJD' } },
          initialTwin: { tags: { location: 'hall 1' } },
          iotHubHostName: 'hub.azure-devices.net',
          provisioningStatus: 'enabled'
        },
        { registrationId: 'reg-2', provisioningStatus: 'disabled' }
      ])
    )
    assert.equal(form, 'Azure DPS enrollments')
    assert.deepEqual(rows, [
      {
        id: 'd-1',
        location: 'hall 1',
        status: 'approved',
        info: { location: 'hall 1', hub: 'hub.azure-devices.net' }
      },
      { id: 'reg-2', status: 'blocked' }
    ])
    const csv = importRows('registrationId,deviceId,provisioningStatus\nr1,d1,enabled\n')
    assert.deepEqual(csv.rows, [{ id: 'd1', status: 'approved', info: { registrationId: 'r1' } }])
  })

  it('takes no secret, whatever it is called', () => {
    const secrets =
      'key keys apikey api_key APIKey apiKey2 primaryKey secondary_key "Primary Key" sharedAccessKey symmetricKey symmetrickey connectionString connection_string connstr pwd wifi_pwd mqttPassword passwd passphrase privateKeyPem private_key privatekeybase64 SASToken sas_token sastoken accessToken tokenValue clientSecret secretValue credentials psk wifiPSK AppSKey appskey nwkSKey keyPem keyValue certificatePfx'
        .match(/"[^"]+"|\S+/g)!
        .map(name => name.replaceAll('"', ''))
    const open =
      'line keyboard tokenizer serial certificate primaryThumbprint "Key Account" firmwareUrl compass passed sasquatch'
        .match(/"[^"]+"|\S+/g)!
        .map(name => name.replaceAll('"', ''))
    const names = [...secrets, ...open]
    const csv = importRows(`id,${names.join(',')}\nd1,${names.map(() => 'x').join(',')}\n`)
    assert.deepEqual(Object.keys(csv.rows[0]!.info!).sort(), [...open].sort())
    const tags = { deep: Object.fromEntries(names.map(name => [name, 'x'])) }
    const hub = importRows(JSON.stringify([{ deviceId: 'd1', twinETag: 'y', tags }]))
    assert.deepEqual(Object.keys(hub.rows[0]!.info!.deep as object).sort(), [...open].sort())
  })

  it('takes no text that opens something, whatever its field is called', () => {
    const open = { broker: 'mqtt://broker:1883', note: '-----BEGIN CERTIFICATE-----' }
    let deepest: object = { password: 'x' }
    for (let level = 0; level < 20; level++) deepest = { deepest }
    const info = {
      ...open,
      certificate: '-----BEGIN CERTIFICATE-----\nA\n-----BEGIN EC PRIVATE KEY-----\nB',
      hub: 'HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=QUJD',
      sas: 'x',
      login: 'mqtts://user:hush@broker:8883',
      header: 'SharedAccessSignature sr=h&sig=x',
      list: ['-----BEGIN PRIVATE KEY-----', 'a'],
      deepest
    }
    const { rows } = importRows(JSON.stringify([{ device_id: 'd', info }]))
    const { deepest: left, ...others } = rows[0]!.info!
    assert.deepEqual(others, { ...open, list: ['a'] })
    assert.doesNotMatch(JSON.stringify(left), /password/)
  })
})

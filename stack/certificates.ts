/**
 * A certificate authority of our own, and the certificates of server and client that it signs: PEM
 * files, EC P-256.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as der from './der.ts'

const dayMs = 86_400_000

export type Identity = {
  name: string
  certificate: Buffer
  privateKey: KeyObject
  publicKey: KeyObject
}

type Kind = 'authority' | 'server' | 'client'

const ecdsaWithSha256 = der.sequence(der.identifier('1.2.840.10045.4.3.2'))
const distinguishedName = (name: string) =>
  der.sequence(der.set(der.sequence(der.identifier('2.5.4.3'), der.text(name))))
const extension = (id: string, critical: boolean, value: Buffer) =>
  der.sequence(der.identifier(id), ...(critical ? [der.boolean(true)] : []), der.octets(value))

const keyUsage = {
  authority: der.bits(Buffer.from([0x06]), 1),
  server: der.bits(Buffer.from([0x80]), 7),
  client: der.bits(Buffer.from([0x80]), 7)
}
const keyPurpose = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' }

function keyId(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

function extensions(kind: Kind, subjectKey: KeyObject, issuerKey: KeyObject): Buffer {
  const list = [
    extension(
      '2.5.29.19',
      true,
      der.sequence(...(kind === 'authority' ? [der.boolean(true)] : []))
    ),
    extension('2.5.29.15', true, keyUsage[kind]),
    extension('2.5.29.14', false, der.octets(keyId(subjectKey))),
    extension('2.5.29.35', false, der.sequence(der.tagged(0, keyId(issuerKey), false)))
  ]
  if (kind !== 'authority')
    list.push(extension('2.5.29.37', false, der.sequence(der.identifier(keyPurpose[kind]))))
  if (kind === 'server') {
    const names = der.sequence(
      der.tagged(2, Buffer.from('localhost'), false),
      der.tagged(7, Buffer.from([127, 0, 0, 1]), false)
    )
    list.push(extension('2.5.29.17', false, names))
  }
  return der.tagged(3, der.sequence(...list), true)
}

/**
 * Makes a key pair and a certificate for it (X.509 v3, RFC 5280); without an issuer it signs
 * itself.
 */
export function issue(name: string, kind: Kind, issuer?: Identity, validDays = 3650): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const now = Date.now()
  const signer = issuer ?? { name, privateKey, publicKey }
  const toBeSigned = der.sequence(
    der.tagged(0, der.integer(Buffer.from([2])), true),
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    distinguishedName(signer.name),
    der.sequence(
      der.utcTime(new Date(now - dayMs)),
      der.utcTime(new Date(now + validDays * dayMs))
    ),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(kind, publicKey, signer.publicKey)
  )
  const signature = sign('sha256', toBeSigned, { key: signer.privateKey, dsaEncoding: 'der' })
  return {
    name,
    certificate: der.sequence(toBeSigned, ecdsaWithSha256, der.bits(signature)),
    privateKey,
    publicKey
  }
}

export function certificatePem({ certificate }: Identity): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

export function keyPem({ privateKey }: Identity): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * Files in the certificate folder. `server.pem` is key and certificate in one, as Kafka wants them.
 */
export function certificateFiles(home: string) {
  const folder = join(home, 'certificates')
  const file = (name: string) => join(folder, name)
  return {
    folder,
    ca: file('ca.crt'),
    serverCert: file('server.crt'),
    serverKey: file('server.key'),
    serverPem: file('server.pem'),
    clientCert: file('client.crt'),
    clientKey: file('client.key')
  }
}

/** Makes the certificates of a data folder when they are not there, or end within a month. */
export function ensureCertificates(home: string): ReturnType<typeof certificateFiles> {
  const files = certificateFiles(home)
  const dateFile = join(files.folder, 'valid-until')
  if (existsSync(dateFile) && Date.parse(readFileSync(dateFile, 'utf8')) > Date.now() + 30 * dayMs)
    return files
  const half = `${files.folder}.${process.pid}`
  mkdirSync(half, { recursive: true, mode: 0o755 })
  const authority = issue('millrace-authority', 'authority')
  const put = (name: string, content: string) =>
    writeFileSync(join(half, name), content, { mode: name.endsWith('.crt') ? 0o644 : 0o600 })
  put('ca.crt', certificatePem(authority))
  for (const [name, kind] of [
    ['localhost', 'server'],
    ['millrace-client', 'client']
  ] as const) {
    const identity = issue(name, kind, authority)
    put(`${kind}.crt`, certificatePem(identity))
    put(`${kind}.key`, keyPem(identity))
    if (kind === 'server') put('server.pem', keyPem(identity) + certificatePem(identity))
  }
  put('valid-until', new Date(Date.now() + 3650 * dayMs).toISOString())
  rmSync(files.folder, { recursive: true, force: true })
  renameSync(half, files.folder)
  return files
}

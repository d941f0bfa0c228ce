import { holdsAsPackage } from '../companion-package.ts'
import { freePort } from './rig.ts'

const port = await freePort()

await holdsAsPackage('coap', {
  here: () =>
    Promise.resolve({
      'millrace-coap-endpoint': { port },
      'udp out': { port: String(port) }
    }),
  outcomes: { 'lesson-coap-ingest-take': { in: 5, out: 5 } }
})

import { isFree } from './ports.ts'
import { catalogue, fixedPorts, type ServiceName, type Services } from './services.ts'

/**
 * The examples and every new node name the fixed ports. A line for each service that is elsewhere
 * while another program answers there: whoever imports an example would write into that one.
 */
export async function strangersOnFixedPorts(services: Partial<Services>): Promise<string[]> {
  const names = Object.keys(services) as ServiceName[]
  const lines = await Promise.all(names.map(async name => lineFor(name, portOf(services[name]))))
  return lines.flatMap(line => line ?? [])
}

async function lineFor(name: ServiceName, port: number | undefined): Promise<string | undefined> {
  const { product, variable } = catalogue[name]
  const fixed = fixedPorts[name]
  if (port === fixed || (await isFree(fixed))) return undefined
  return `Another program answers on port ${fixed}, not this ${product}. In examples and new nodes write \${${variable}} in place of 127.0.0.1:${fixed}.`
}

/** The port on this machine; undefined for a service elsewhere. */
function portOf(service: Partial<Services>[ServiceName]): number | undefined {
  const address =
    service && ('url' in service ? service.url : `kafka://${service.brokers.split(',')[0]}`)
  if (address === undefined || !URL.canParse(address)) return undefined
  const { hostname, port } = new URL(address)
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) ? Number(port) : undefined
}

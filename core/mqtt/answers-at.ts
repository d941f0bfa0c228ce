import { Link } from './link.ts'
import type { MqttSettings } from './settings.ts'

/**
 * Whether a server lets a client in, by a client id of its own and a session that ends with it.
 * Never rejects.
 */
export async function answersAt(settings: MqttSettings, at: URL): Promise<boolean> {
  const { birth: _birth, will: _will, announce: _announce, ...quiet } = settings
  const clientId = `${settings.clientId}-look-${Math.random().toString(36).slice(2, 8)}`
  try {
    const library = await import('mqtt')
    let link: Link | undefined
    const isUp = await new Promise<boolean>(resolve => {
      link = new Link(
        library,
        { ...quiet, clientId, clean: true },
        { up: () => resolve(true), down: () => resolve(false) },
        at
      )
    })
    await link?.end(1000)
    return isUp
  } catch {
    return false
  }
}

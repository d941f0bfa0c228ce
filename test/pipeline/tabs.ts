/** The pipeline that `npm start` deploys, with topics, groups and a table of a test's own. */
import { readFileSync } from 'node:fs'
import mqtt from 'mqtt'
import type { FlowEntry } from '../node-red.ts'

export type TabName = 'ingest' | 'process' | 'persist' | 'monitor'

export interface Names {
  readonly raw: string
  readonly clean: string
  readonly deadLetter: string
  readonly table: string
  /** Ends the consumer groups and the client id. */
  readonly suffix: string
}

export const namesFor = (suffix: string): Names => ({
  raw: `raw-${suffix}`,
  clean: `clean-${suffix}`,
  deadLetter: `dead-letter-${suffix}`,
  table: `telemetry_${suffix.replaceAll('-', '_')}`,
  suffix
})

/**
 * Ends the session that the pipeline has left on the MQTT server: it would go on queueing what
 * other pipelines are sent.
 */
export async function endSession(url: string, { suffix }: Names): Promise<void> {
  const clientId = `t${suffix}-ingest-take`
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    clientId,
    clean: true,
    properties: { sessionExpiryInterval: 0 }
  })
  await client.endAsync()
}

/**
 * The nodes of these tabs, without the simulated fleet. `changes` are further settings, by the type
 * or the id of the node.
 */
export function pipeline(
  tabs: readonly TabName[],
  names: Names,
  changes: Readonly<Record<string, object>> = {}
): FlowEntry[] {
  const topics: Record<string, string> = {
    'iot-telemetry-raw': names.raw,
    'iot-telemetry-clean': names.clean,
    'iot-telemetry-dead-letter': names.deadLetter
  }
  const nodes = new Map<string, FlowEntry>()
  for (const tab of tabs) {
    for (const node of JSON.parse(
      readFileSync(new URL(`../../flows/${tab}.json`, import.meta.url), 'utf8')
    ) as FlowEntry[])
      nodes.set(node.id, node)
  }
  return [...nodes.values()]
    .filter(({ type }) => type !== 'millrace-device-simulator')
    .map(node => {
      const own: FlowEntry = { ...node, ...changes[node.type], ...changes[node.id] }
      for (const field of ['topic', 'topics'])
        if (typeof own[field] === 'string') own[field] = topics[own[field]] ?? own[field]
      if (typeof own.groupId === 'string') own.groupId = `${own.groupId}-${names.suffix}`
      if (own.type === 'millrace-mqtt-broker') own.clientId = `t${names.suffix}`
      if (own.type === 'millrace-timescale-sink') own.table = names.table
      return own
    })
}

import type { IPublishPacket } from 'mqtt'

/**
 * The user property by which a message says which server node it was published with: the same in
 * all Node-REDs with the same flow, and over Kafka, so that a message does not go round for ever.
 */
export const PUBLISHED_BY = 'millrace.by'

/** Whether a node that uses this server node has published it; only MQTT 5 can tell. */
export const isPublishedBy = (
  { properties }: Pick<IPublishPacket, 'properties'>,
  brokerId: string
): boolean => properties?.userProperties?.[PUBLISHED_BY] === brokerId

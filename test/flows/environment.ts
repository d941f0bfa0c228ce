/** What the variables of saved flows stand for. */
const VALUES: Readonly<Record<string, string>> = {
  MQTT_URL: 'mqtt://broker:1883',
  KAFKA_BROKERS: 'kafka:9092',
  TIMESCALE_URL: 'postgres://user@database:5432/telemetry'
}

export const environment = (name: string): string => VALUES[name] ?? 'x'

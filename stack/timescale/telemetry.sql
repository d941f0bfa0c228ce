-- The tables of readings and of devices. Run as often as you like: by npm start, and by the container of compose.yaml at its first start.
CREATE TABLE IF NOT EXISTS telemetry (
  time timestamptz NOT NULL,
  device_id text NOT NULL,
  location text,
  metric text NOT NULL,
  value double precision NOT NULL
);

-- On a plain PostgreSQL it stays a plain table.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    RETURN;
  END IF;
  -- no default index on time alone: the unique one below begins with time
  PERFORM create_hypertable('telemetry', 'time', chunk_time_interval => INTERVAL '1 day', create_default_indexes => false, if_not_exists => true);
  IF NOT EXISTS (
    SELECT FROM timescaledb_information.hypertables
    WHERE hypertable_schema = current_schema() AND hypertable_name = 'telemetry' AND compression_enabled
  ) THEN
    ALTER TABLE telemetry SET (
      timescaledb.compress,
      timescaledb.compress_segmentby = 'device_id, metric',
      timescaledb.compress_orderby = 'time DESC'
    );
  END IF;
  PERFORM add_compression_policy('telemetry', INTERVAL '7 days', if_not_exists => true);
  PERFORM add_retention_policy('telemetry', INTERVAL '1 year', if_not_exists => true);
END
$$;

-- Time first: rows arrive in its order, so the pages that are written stay few.
CREATE UNIQUE INDEX IF NOT EXISTS telemetry_key ON telemetry (time, device_id, metric);

-- The devices: enrich looks up here where each one is. Made with the simulated fleet; a table that is there is left alone.
DO $$
BEGIN
  IF to_regclass('devices') IS NOT NULL THEN
    RETURN;
  END IF;
  CREATE TABLE devices (
    device_id text PRIMARY KEY,
    location text,
    model text
  );
  INSERT INTO devices (device_id, location, model)
  SELECT
    'sensor-' || to_char(n, 'FM000'),
    'hall ' || chr(65 + (n - 1) % 8),
    CASE WHEN n % 2 = 1 THEN 'TH-10' ELSE 'TH-20' END
  FROM generate_series(1, 200) AS n;
END
$$;

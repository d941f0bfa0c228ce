-- The table of readings. Run as often as you like: by npm start, and by the container of compose.yaml at its first start.
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

# Node-RED with this palette and the pipeline's flows. Build context: the repository.
FROM node:22.20.0-bookworm-slim AS palette
WORKDIR /millrace
COPY . .
RUN npm ci --no-audit --no-fund \
 && npm pack --pack-destination /tmp \
 && mv /tmp/millrace-node-red-telemetry-*.tgz /tmp/palette.tgz \
 && node --import tsx stack/node-red/print-flows.ts > /tmp/flows.json

FROM nodered/node-red:4.1.0-22
COPY --from=palette /tmp/palette.tgz /tmp/palette.tgz
RUN npm install --no-audit --no-fund --omit=dev /tmp/palette.tgz
COPY --from=palette /tmp/flows.json /usr/src/node-red/pipeline.json
# the volume /data gets the flows when it is new, and keeps what is changed in the editor
ENTRYPOINT ["/bin/sh", "-c", "[ -e /data/flows.json ] || cp pipeline.json /data/flows.json; exec ./entrypoint.sh"]

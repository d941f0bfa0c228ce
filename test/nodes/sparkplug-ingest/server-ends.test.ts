import assert from 'node:assert/strict'
import { unique } from '../../core/mqtt/rig.ts'
import { artemis } from '../../servers/artemis.ts'
import { isInstalled, mosquitto } from '../../servers/mosquitto.ts'
import { until } from '../../until.ts'
import { red, sceneOf, withNodeRed } from './in-node-red.ts'

for (const server of isInstalled ? [artemis, mosquitto] : [artemis])
  describe(`sparkplug-ingest over kill -9 of ${server.name}`, function () {
    this.timeout(120_000)
    withNodeRed()
    after(() => server.end())

    it('goes on with the births of new sessions', async () => {
      const { url } = await server.start()
      const options = { birthValues: false, deviceId: 'name', hostId: unique('host') }
      const scene = sceneOf(url, options, { devices: 4, sites: 2, ratePerSecond: 100 })
      await red.deploy(scene.flow)
      const readings = () => scene.rows().filter(({ metric }) => metric !== 'online')
      await until('readings', () => readings().length > 50, 30_000)
      await server.kill()
      await until('the break', () => scene.mine()?.status?.healthy === false, 30_000)
      await server.restart()
      const before = readings().length
      await until('readings again', () => readings().length > before + 100, 60_000)
      const ids = new Set(readings().map(({ device_id }) => device_id))
      assert.equal(ids.size, 4)
      const { taken, stored, rejected, filtered, duplicates, inFlight } = (({ counts }) => ({
        ...counts,
        taken: counts.in - counts.returned
      }))(scene.mine()!)
      assert.equal(taken, stored + rejected + filtered + duplicates + inFlight)
    })
  })

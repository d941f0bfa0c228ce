import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import endpoint from '../../../palettes/coap/nodes/coap-endpoint/runtime.ts'
import ingest from '../../../palettes/coap/nodes/coap-ingest/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { CoapScene, freePort, TOKEN } from './rig.ts'

const run = promisify(execFile)
const client = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap(folder => ['coap-client', 'coap-client-notls'].map(name => join(folder, name)))
  .find(path => existsSync(path))

if (client === undefined)
  console.log(
    '⚠ not run: the CoAP tests with the client of libcoap: coap-client is not installed (Debian: libcoap3-bin)'
  )
else
  describe('coap-ingest and the client of libcoap', function () {
    this.timeout(60_000)
    let red: RunningNodeRed
    let scene: CoapScene
    const folder = mkdtempSync(join(tmpdir(), 'millrace-coap-'))

    before(async () => {
      const port = await freePort()
      red = await startNodeRed({ nodes: [endpoint, ingest, registerCollect] })
      scene = new CoapScene(port, { access: 'token', credentials: { token: TOKEN } })
      await red.deploy(scene.flow)
      await until('its start', () => scene.status?.healthy === true)
    })
    after(async () => {
      await red.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    /** @returns what it prints: the text of an answer, and the code of one that is an error */
    async function send(args: readonly string[], token = TOKEN): Promise<string> {
      const url = `coap://127.0.0.1:${scene.port}/${scene.place}?token=${token}`
      const { stdout, stderr } = await run(client!, ['-m', 'post', '-B', '20', ...args, url])
      return stdout + stderr
    }

    it('a record is stored, confirmably and not', async () => {
      for (const kind of [[], ['-N']]) {
        const before = scene.records.length
        await send([...kind, '-t', 'json', '-e', '{"v":1}'])
        await until('the record', () => scene.records.length === before + 1)
      }
    })

    it('an answer that takes longer comes by itself, and is understood', async () => {
      scene.taken.treatment = 'hold'
      const before = scene.records.length
      const answer = send(['-t', 'json', '-e', '[{"v":1},7]'])
      await until('the record', () => scene.records.length === before + 1)
      await new Promise(resolve => setTimeout(resolve, 300))
      scene.taken.release()
      assert.match(await answer, /1 of 2 records cannot be read/)
    })

    it('100 kB go in blocks', async () => {
      const before = scene.records.length
      const file = join(folder, 'body.json')
      const list = Array.from({ length: 100 }, (_, n) => ({ n, pad: 'x'.repeat(1_000) }))
      writeFileSync(file, JSON.stringify(list))
      await send(['-t', 'json', '-f', file, '-b', '1024'])
      assert.equal(scene.records.length, before + 100)
    })

    it('what is refused is told', async () => {
      assert.match(await send(['-t', 'json', '-e', 'nonsense']), /4\.00.*JSON_INVALID/s)
      assert.match(await send(['-t', 'json', '-e', '{"v":1}'], 'wrong'), /4\.01/)
      assert.match(await send(['-t', '41', '-e', '<v/>']), /4\.15/)
    })
  })

import type { Context } from '../../core/node/define-node.ts'
import { defineTransform } from '../../core/node/define-transform.ts'
import { learn } from './learn.ts'
import { enricher } from './logic.ts'
import { MetadataSource } from './metadata-source.ts'
import { NewDevices } from './new-devices.ts'
import { spec } from './spec.ts'

export default defineTransform(
  spec,
  context => {
    const { options } = context
    const metadata = new MetadataSource(context)
    const news = options.unknown === 'reject' ? undefined : newDevicesOf(context)
    const enrich = enricher(options, metadata.directory, metadata.find, Date.now, news)
    return {
      sort(message, behind) {
        metadata.behind = behind
        return enrich(message)
      },
      problem: () => metadata.problem,
      note: () => news?.text ?? metadata.note,
      offers: devices => metadata.columns(devices),
      async close() {
        news?.close()
        await metadata.close()
      }
    }
  },
  undefined,
  { learn }
)

const newDevicesOf = ({ node, metrics }: Context<typeof spec>) =>
  new NewDevices({
    say: sentence => node.warn(sentence),
    count: devices => metrics.gauges.set('new devices', devices)
  })

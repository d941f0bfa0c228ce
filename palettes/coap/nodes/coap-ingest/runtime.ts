import { defineSource, Outage } from '@millrace/node-red-telemetry'
import type { CoapEndpoint } from '../../core/endpoint.ts'
import { learn } from './learn.ts'
import { recordsOfPath, tokenProblem } from './logic.ts'
import { previewed } from './preview.ts'
import { Requests } from './requests.ts'
import { spec } from './spec.ts'
import { openWarning, troubleOf, workingText } from './status.ts'

/** From a body to a row: what Learn proposes to put behind, each where it is needed. */
const BEHIND = ['millrace-reshape', 'millrace-normalize', 'millrace-timescale-sink']

export default defineSource(
  spec,
  ({ id, node, options, provided, source, mode, show }) => {
    const endpoint = provided<CoapEndpoint>('endpoint')
    tokenProblem(options)
    const records = recordsOfPath(options)
    const outage = new Outage('the port', node)
    const requests = new Requests({
      records,
      token: options.access === 'token' ? options.token : undefined,
      source,
      waits: mode !== 'received',
      answerMs: options.answerS * 1000,
      maxBodyBytes: options.maxBodyBytes,
      portion: Math.min(options.batchSize, options.maxInFlight),
      isSingle: options.batchSize === 1,
      now: Date.now,
      changed() {
        const { problem } = endpoint
        if (problem === undefined) outage.end()
        else if (outage.problem?.message !== problem.error.message) outage.begin(problem.error)
        show()
      }
    })
    // From the beginning: who comes too early is told to come again, not that nobody is here.
    endpoint.add(id, requests)
    return {
      ready: records.ready,
      start() {
        requests.start()
        show()
        if (options.access === 'open') node.log(openWarning(endpoint.at.host))
      },
      resume: () => undefined,
      stop: () => requests.stop(),
      close(closing) {
        requests.close()
        endpoint.leave(id, closing === 'restarted')
      },
      trouble: () => troubleOf(endpoint),
      working: perSecond => workingText(perSecond, requests.open)
    }
  },
  { preview: { make: previewed, learn, behind: BEHIND } }
)

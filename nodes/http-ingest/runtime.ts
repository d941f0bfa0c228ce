import { defineSource } from '../../core/source/define-source.ts'
import { accessOf } from './access.ts'
import { influxAnswer } from './answer.ts'
import { keepOffEditor } from './editor-paths.ts'
import { intakeOf } from './logic.ts'
import { repeatsOf } from './repeats.ts'
import { Requests } from './requests.ts'
import { type NodeServer, routesOf } from './routes.ts'
import { spec } from './spec.ts'
import { openWarning, serverProblem, workingText } from './status.ts'

export default defineSource(spec, ({ RED, id, place, node, options, source, mode, show }) => {
  serverProblem(RED.settings)
  if (options.protocol === 'influx')
    keepOffEditor('prefix', `${options.prefix}/api/v2/write`, RED.settings)
  else keepOffEditor('urlPath', options.urlPath, RED.settings)
  const intake = intakeOf(options)
  const { acknowledge: _, ...limits } = options
  const requests = new Requests({
    ...limits,
    intake,
    access: accessOf(options),
    repeats: repeatsOf(RED, id, place, Date.now),
    source,
    waits: mode !== 'received',
    answerMs: options.answerS * 1000,
    uploadMs: options.uploadS * 1000,
    portion: Math.min(options.batchSize, options.maxInFlight),
    isSingle: options.batchSize === 1,
    inWords: options.protocol === 'influx' ? influxAnswer : answer => answer,
    now: Date.now
  })
  // From the beginning: who comes too early is told to come again, not that nobody is here.
  const routes = routesOf(RED as unknown as NodeServer)
  routes.add(id, requests)
  return {
    ready: intake.ready,
    start() {
      requests.start()
      show()
      if (options.access === 'open') node.log(openWarning)
    },
    resume: () => undefined,
    stop: () => requests.stop(),
    close(closing) {
      routes.leave(id, closing === 'restarted')
      requests.close()
    },
    working: perSecond => workingText(perSecond, requests.open)
  }
})

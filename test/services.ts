/**
 * The real services for tests: started once a run, shared by all test files, stopped by
 * test/hooks.ts.
 */
import { join } from 'node:path'
import { killService, restartService, startServices, stopServices } from '../stack/lifecycle.ts'
import { defaultHome, type ServiceMap, type ServiceName, type Services } from '../stack/services.ts'

/** Apart from the data folder of `npm start`, so that tests and a running pipeline do not meet. */
export const testHome = join(defaultHome(), 'test')

/**
 * Brings the named services up, unless they are, on free ports. Use topics and tables of your own
 * in them.
 */
export function services<N extends ServiceName>(...names: N[]): Promise<Services<N>> {
  return startServices(names, { home: testHome, freePorts: true, shared: true })
}

/** kill -9 of one of the test services. */
export function kill(name: ServiceName): Promise<void> {
  return killService(testHome, name)
}

/** Starts it again, on the same ports and data. */
export function restart<N extends ServiceName>(name: N): Promise<ServiceMap[N]> {
  return restartService(testHome, name, { shared: true })
}

/** An orderly end of one of the test services. */
export function stop(name: ServiceName): Promise<void> {
  return stopServices(testHome, [name])
}

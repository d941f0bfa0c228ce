import type { RootHookObject } from 'mocha'
import { leaveServices } from '../stack/lifecycle.ts'
import { writeResults } from './results.ts'
import { testHome } from './services.ts'

/**
 * Loaded with `--require test/hooks.ts`: the end of a run stops the services, unless another run
 * still uses them.
 */
export const mochaHooks: RootHookObject = {
  async afterAll(this: Mocha.Context) {
    this.timeout(60_000)
    const results = process.env.MILLRACE_RESULTS
    if (results !== undefined) writeResults(results, this.test!.parent!)
    await leaveServices(testHome)
  }
}

/** npm run stack -- start|stop|kill|status|reset [service ...] */
import { StackError } from './errors.ts'
import {
  killService,
  readServices,
  resetServices,
  startServices,
  stopServices
} from './lifecycle.ts'
import { catalogue, defaultHome, type ServiceName, serviceNames } from './services.ts'
import { stateFile } from './state.ts'

const home = defaultHome()
const say = (line: string) => console.log(line)

const usage = `npm run stack -- COMMAND [SERVICE ...]     services: ${serviceNames.join(', ')} (all when none is named)
  start    start what does not run yet
  stop     end in order; the data stay
  kill     end by SIGKILL, as a crash would; the data stay
  status   what runs where
  reset    end everything and remove all data (the downloaded jars stay)
Data folder: MILLRACE_HOME, now ${home}`

function isServiceName(text: string): text is ServiceName {
  return Object.hasOwn(catalogue, text)
}

function namesFrom(words: string[]): ServiceName[] {
  const unknown = words.find(word => !isServiceName(word))
  if (unknown)
    throw new StackError(
      'UNKNOWN_SERVICE',
      `There is no service "${unknown}". There are ${serviceNames.join(', ')}.`
    )
  return words.length > 0 ? words.filter(isServiceName) : serviceNames
}

function status(names: ServiceName[]): void {
  const services = readServices(home)
  for (const name of names) {
    const service = services[name]
    const where = service && ('url' in service ? service.url : service.brokers)
    say(`${name.padEnd(10)} ${service ? `${where}  (process ${service.pid})` : 'does not run'}`)
  }
  say(`details: ${stateFile(home)}`)
}

const commands: Record<string, (names: ServiceName[]) => Promise<void> | void> = {
  async start(names) {
    await startServices(names, { home, onProgress: say })
    status(names)
  },
  stop: names => stopServices(home, names),
  async kill(names) {
    for (const name of names) await killService(home, name)
  },
  status,
  reset: () => resetServices(home)
}

async function main(given: string[]): Promise<void> {
  const [command = '', ...words] = given
  if (command === '' || given.some(word => ['--help', '-h', 'help'].includes(word)))
    return say(usage)
  if (!Object.hasOwn(commands, command))
    throw new StackError('UNKNOWN_OPTION', `There is no command "${command}".\n${usage}`)
  await commands[command]!(namesFrom(words))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof StackError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

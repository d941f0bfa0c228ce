/** Prints the pipeline as one flow file, for the image of compose.yaml. */
import { pipeline } from './flows.ts'

console.log(JSON.stringify(pipeline({ withSimulator: true }), null, 2))

import { offersServices } from '../../core/editor/services.ts'
import { serviceOf } from './services.ts'

export default offersServices(serviceOf)

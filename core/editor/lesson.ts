import { MODULE_NAME, say } from './texts-of.ts'

/** The link in a node's help that imports its lesson. */
export function listenForLessons(): void {
  $(document).on('click', 'a.millrace-lesson', async event => {
    event.preventDefault()
    const { lesson, module = MODULE_NAME } = (event.currentTarget as HTMLElement).dataset
    try {
      const flow: unknown = await $.getJSON(`library/examples/flows/${module}/${lesson}`)
      window.RED.view.importNodes(flow, { generateIds: true, addFlow: true })
    } catch {
      window.RED.notify(say('lessonMissing'), { type: 'error' })
    }
  })
}

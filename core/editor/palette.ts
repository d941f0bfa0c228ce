const CATEGORY = 'telemetry'

/**
 * Moves the category of these nodes below `common`, where it is seen without scrolling: Node-RED
 * puts what is not its own behind all that is. A person who has set an order keeps it.
 */
export function placeCategory(): void {
  const { settings, events } = window.RED
  const hasOrder = () =>
    settings.paletteCategories !== undefined ||
    (settings.theme('palette.categories') as { order?: unknown } | undefined)?.order !== undefined
  const place = () => {
    const own = document.getElementById(`red-ui-palette-container-${CATEGORY}`)
    const before = document.getElementById('red-ui-palette-container-common')
    if (own && before && before.nextElementSibling !== own && !hasOrder()) before.after(own)
  }
  // The category is made with its first node, which may be added later.
  events.on('registry:node-type-added', place)
  place()
}

/** Measures texts as the dialog writes them, in pixels. */
export function textMeasure(place: HTMLElement): (text: string) => number {
  const context = document.createElement('canvas').getContext('2d')!
  const { fontFamily } = getComputedStyle(place)
  context.font = `14px ${fontFamily}`
  return text => context.measureText(text).width
}

/** One character after the other: an expression would take a time that grows with their square. */
export function withoutSlashes(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && text[from] === '/') from++
  while (to > from && text[to - 1] === '/') to--
  return text.slice(from, to)
}

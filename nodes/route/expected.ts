const MAX_DEVICES = 100_000

/** The devices of a list: one a line, of a table the first column. */
export function expectedIn(text: string): readonly string[] {
  const ids = text
    .split('\n')
    .map(line => firstCell(line.trim()))
    .filter(id => id !== '' && !id.startsWith('#'))
  return [...new Set(ids)].slice(0, MAX_DEVICES)
}

/** What stands before the first comma or semicolon, without quotes. */
function firstCell(line: string): string {
  const [, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^,;]*))/.exec(line) ?? []
  return quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"')
}

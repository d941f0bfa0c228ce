/** What a client has SET for its session, so that it can be put back at each of its turns. */

/**
 * The engine starts with settings of its own on its command line, to which RESET goes back; a
 * server has these. Without the first no table would be found, without the second no plan would
 * read a whole table.
 */
export const serverDefaults: readonly string[] = [
  'SET search_path TO "$user", public',
  'SET enable_seqscan TO on'
]

const setStatement =
  /^\s*set\s+(?!local\b|transaction\b|constraints\b)(?:session\s+(?!characteristics))?(time\s+zone|"[^"]+"|[\w.]+)/i
const setConfig = /^\s*select\s+(?:pg_catalog\.)?set_config\s*\(\s*'([^']+)'/i
const reset = /^\s*reset\s+(time\s+zone|"[^"]+"|[\w.]+)/i

function normalized(name: string): string {
  const plain = name.replaceAll('"', '').toLowerCase()
  return /^time\s+zone$/.test(plain) ? 'timezone' : plain
}

export class Settings {
  private readonly byName = new Map<string, string>()

  /** The statements that bring them about, in the order in which they were first given. */
  get statements(): string[] {
    return [...this.byName.values()]
  }

  clear(): void {
    this.byName.clear()
  }

  /**
   * Takes note of a statement that has succeeded. Says whether it changed a setting, and whether it
   * went back to a default.
   */
  note(sql: string): 'set' | 'reset' | undefined {
    const changed = (setStatement.exec(sql) ?? setConfig.exec(sql))?.[1]
    if (changed) {
      this.byName.set(normalized(changed), sql)
      return 'set'
    }
    const back = reset.exec(sql)?.[1]
    if (!back) return undefined
    if (normalized(back) === 'all') this.byName.clear()
    else this.byName.delete(normalized(back))
    return 'reset'
  }
}

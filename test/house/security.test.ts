import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './sources.ts'

/** The rows of the tables whose last cell is `file: words of the title`. */
const rules = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8')
  .split('\n')
  .flatMap(line => {
    const found = /^\| (.+) \| (test\/\S+\.test\.ts): (.+) \|$/.exec(line)
    return found ? [{ rule: found[1]!, file: found[2]!, title: found[3]! }] : []
  })

describe('docs/security.md', () => {
  it('names a test for each rule', () => {
    const section = /## What holds\n(.+?)\n## What does not hold/s.exec(
      readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8')
    )![1]!
    const rows = section
      .split('\n')
      .filter(line => line.startsWith('| ') && !line.startsWith('| rule '))
    assert.ok(rows.length > 10)
    assert.equal(rules.length, rows.length)
  })

  for (const { rule, file, title } of rules) {
    it(`says truly which test holds: ${rule.slice(0, 70)}`, () => {
      assert.ok(existsSync(join(ROOT, file)), file)
      assert.ok(readFileSync(join(ROOT, file), 'utf8').includes(title), `${file} has no "${title}"`)
    })
  }
})

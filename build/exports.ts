/** `__export(x_exports, {…});` and `module.exports = __toCommonJS(x_exports);` */
const EXPORTS =
  /^var (\w+) = \{\};\n__export\(\1, \{\n([\s\S]*?)\n\}\);\nmodule\.exports = __toCommonJS\(\1\);\n/m
const ENTRY = /^ {2}("[^"]+"|[\w$]+): \(\) => ([\w$.]+),?$/
/** What esbuild writes before the code for such exports. */
const HELPERS = /^var __defProp = [\s\S]*?^var __toCommonJS = .*\n/m
const HELPER = /\b__(?:toESM|copyProps|defProp|export|toCommonJS|hasOwnProp|getOwnPropNames)\b/
/** The names for Node's own import of CommonJS, which nobody runs. */
const ANNOTATION = '// Annotate the CommonJS export names for ESM import in node:\n'

/** Names of a source that are exported and get other values later. */
export const changingExports = (source: string): string[] =>
  [...source.matchAll(/^export let (\w+)/gm)].map(([, name]) => name!)

/**
 * esbuild makes two getters of each export, since it might change or be asked for too early: a
 * tenth of the time that a record takes. No file of core is imported by what it imports, so here
 * exports are plain values, set at the end; `changing` stay getters.
 */
export function plainExports(code: string, changing: ReadonlySet<string>): string {
  const found = EXPORTS.exec(code)
  if (found === null) return code
  const lines = found[2]!.split('\n').map(line => {
    const entry = ENTRY.exec(line)
    if (entry === null) throw new Error(`"${line}" is no export that esbuild is known to write`)
    const [, name, value] = entry
    const isChanging = changing.has(value!.split('.').at(-1)!)
    return isChanging ? `  get ${name}() { return ${value}; }` : `  ${name}: ${value}`
  })
  const exports = `module.exports = Object.defineProperty({\n${lines.join(',\n')}\n}, "__esModule", { value: true });\n`
  const rest = code.replace(found[0], '')
  const at = rest.indexOf(ANNOTATION)
  const set = at < 0 ? `${rest}${exports}` : rest.slice(0, at) + exports + rest.slice(at)
  const bare = set.replace(HELPERS, '')
  return HELPER.test(bare) ? set : bare
}

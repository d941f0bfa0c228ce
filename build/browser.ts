import * as esbuild from 'esbuild'
import { HOME, manifestOf } from './palettes.ts'

/**
 * A script for Node-RED's editor, as text that can stand in a script element; it sets a variable to
 * the module's exports.
 */
export async function bundleForBrowser(entry: string, variable: string): Promise<string> {
  // What core/editor says, it looks up by the name of the package that brings the texts.
  const { name } = await manifestOf(HOME)
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    define: { MODULE: JSON.stringify(name) },
    loader: { '.css': 'text' },
    logLevel: 'error'
  })
  const code = outputFiles[0]!.text.trim().replaceAll('</script', '<\\/script')
  return `var ${variable}=(()=>{${code.replace(EXPORTS, returned)}})()`
}

/** What a module ends in: `export{a as default,b as migrations};` */
const EXPORTS = /export\{([^{}]*)\};?$/

/** esbuild's own form of a function that returns its exports is 400 bytes longer, in every page. */
const returned = (_text: string, names: string): string =>
  `return{${names
    .split(',')
    .map(name => name.split(' as '))
    .map(([own, name = own]) => `${name}:${own}`)
    .join(',')}}`

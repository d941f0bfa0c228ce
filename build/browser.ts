import * as esbuild from 'esbuild'

/**
 * A script for Node-RED's editor, as text that can stand in a script element; it sets a variable to
 * the module's exports.
 */
export async function bundleForBrowser(
  entry: string,
  variable: string,
  define: Record<string, string> = {}
): Promise<string> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'iife',
    globalName: variable,
    target: 'es2022',
    define,
    loader: { '.css': 'text' },
    logLevel: 'error'
  })
  return outputFiles[0]!.text.trim().replaceAll('</script', '<\\/script')
}

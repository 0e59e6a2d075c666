import { build, createLogger } from 'vite'
import { root } from './modules.mjs'

/**
 * Bundles the page as a project on Vite would bundle ours, into `folder`, to be served under `base`. Gives the names of the
 * files written and what the bundler warned of.
 */
export async function bundlePage(folder, options) {
  const { base } = options
  const warnings = []
  const customLogger = createLogger('silent')
  customLogger.warn = message => warnings.push(message)
  const { output } = await build({
    root: `${root}browser`,
    base,
    configFile: false,
    customLogger,
    logLevel: 'warn',
    build: {
      outDir: folder,
      emptyOutDir: true,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 10_000,
      rollupOptions: { input: `${root}browser/page.mjs`, output: { entryFileNames: 'page.js' } },
    },
  })
  return { files: output.map(({ fileName }) => fileName), warnings }
}

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository's root, with a slash at the end. */
export const root = fileURLToPath(new URL('../', import.meta.url))

/** The packages that promise to run in browsers. */
export const browserPackages = ['core', 'tensor', 'methods']

/**
 * Every compiled module of a package, as paths inside `dist`. The list follows the sources, so that a module that was not
 * compiled is missed and one left over from an earlier build is not tested.
 */
export function modulesOf(name) {
  return readdirSync(`${root}packages/${name}/src`, { recursive: true })
    .map(path => String(path).replaceAll('\\', '/'))
    .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('.d.ts'))
    .filter(path => !path.startsWith('testing/'))
    .map(path => path.replace(/\.ts$/, '.js'))
    .sort()
}

/**
 * What each bare import means in the page: the files Node's own resolution finds, as paths on the server. `worlds` is there
 * because the golden vectors of two methods are about its dynamics.
 */
export function importMap() {
  const imports = {}
  for (const name of browserPackages) imports[`@guerdon/${name}`] = `/packages/${name}/dist/index.js`
  for (const name of ['methods', 'worlds']) {
    for (const path of modulesOf(name)) {
      imports[`@guerdon/${name}/${path.replace(/\.js$/, '')}`] = `/packages/${name}/dist/${path}`
    }
  }
  for (const name of ['zod', 'onnxruntime-web/wasm']) {
    imports[name] = `/${fileURLToPath(import.meta.resolve(name))
      .slice(root.length)
      .replaceAll('\\', '/')}`
  }
  return { imports }
}

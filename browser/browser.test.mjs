import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundlePage } from './bundle.mjs'
import { cases as coreCases } from './cases/core.mjs'
import { cases as methodsCases } from './cases/methods.mjs'
import { cases as tensorCases } from './cases/tensor.mjs'
import { train } from './cases/transformer.mjs'
import { findChromium } from './chromium.mjs'
import { expectNear } from './expect-near.mjs'
import { browserPackages, importMap, modulesOf, root } from './modules.mjs'
import { openBrowser, outside } from './open.mjs'
import { serve } from './serve.mjs'

const executable = findChromium()
if (executable === undefined) {
  console.log('browser tests skipped by environment: there is no Chromium; install one or name it in GUERDON_CHROMIUM')
}

const head = '<!doctype html><html lang="en"><title>Guerdon in a browser</title><link rel="icon" href="data:," />'
const pages = {
  '/': `${head}<script type="importmap">${JSON.stringify(importMap())}</script>
    <script type="module" src="/browser/page.mjs"></script>`,
  '/bundled': `${head}<script type="module" src="/bundle/page.js"></script>`,
}

const groups = { core: coreCases, tensor: tensorCases, methods: methodsCases }
const inNode = { text: path => readFileSync(`${root}${path}`, 'utf8') }

describe.skipIf(executable === undefined)('in a browser', () => {
  let folder
  let server
  let browser
  let opened

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'guerdon-browser-'))
    server = await serve({ '/bundle/': folder, '/': root }, { pages })
    browser = await openBrowser(executable, { proxy: server.origin })
    console.log(`browser tests in Chromium ${browser.version} (${executable})`)
    opened = await browser.newPage(`${server.origin}/`)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    console.log(`refused at the proxy: ${[...new Set(server?.refused)].join(', ') || 'nothing'}`)
  })

  for (const [group, cases] of Object.entries(groups)) {
    describe(group, () => {
      it.each(cases.map((each, index) => [each.name, each, index]))('%s', async (_, each, index) => {
        const there = await opened.page.evaluate(place => globalThis.guerdonTests.runCase(...place), [group, index])
        each.verify?.(there, expect)
        expectNear(there, await each.run(inNode), each.tolerance ?? 0)
      })
    })
  }

  describe('golden vectors', () => {
    const slugs = readdirSync(`${root}packages/methods/golden/vectors`).map(name => name.replace(/\.json$/, ''))

    it.each(slugs)('%s', async slug => {
      const { count, failures } = await opened.page.evaluate(name => globalThis.guerdonTests.runVectors(name), slug)
      expect(failures).toEqual([])
      expect(count).toBeGreaterThan(0)
    })
  })

  describe.each(browserPackages)('every module of %s', name => {
    const modules = modulesOf(name).map(path => `packages/${name}/dist/${path}`)

    it(`imports and exports what it does in Node: ${modules.length} modules`, async () => {
      const there = await opened.page.evaluate(
        paths => globalThis.guerdonTests.importModules(paths),
        modules.map(path => `/${path}`),
      )
      const here = []
      for (const path of modules) here.push(Object.keys(await import(`${root}${path}`)).sort())
      expect(there.map((names, i) => [modules[i], names])).toEqual(here.map((names, i) => [modules[i], names]))
    })
  })

  it('a page that Vite bundles trains, from one WebAssembly file and nothing of Node', async () => {
    const { files, warnings } = await bundlePage(folder, { base: '/bundle/' })
    expect(warnings).toEqual([])
    expect(files.filter(name => name.endsWith('.wasm'))).toHaveLength(1)
    expect(files.filter(name => name.includes('onnxruntime-node'))).toEqual([])
    const other = await browser.newPage(`${server.origin}/bundled`)
    const losses = await other.page.evaluate(() => globalThis.guerdonTests.train(4))
    expectNear(losses, (await train(4)).losses, 1e-5)
    expect(outside(other.requests, server.origin)).toEqual([])
    expect(other.errors).toEqual([])
    await other.close()
  })

  it.each([1, 2])('an isolated page on many cores trains on %d thread(s), as it was told', async threads => {
    const other = await browser.newPage(`${server.origin}/?isolated`, { cores: 8 })
    expect(await other.page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true)
    const losses = await other.page.evaluate(count => globalThis.guerdonTests.train(4, count), threads)
    expectNear(losses, (await train(4)).losses, 1e-5)
    expect(other.page.workers()).toHaveLength(threads - 1)
    expect(other.errors).toEqual([])
    await other.close()
  })

  it('a module that needs Node would be noticed', async () => {
    const other = await browser.newPage(`${server.origin}/`)
    const answers = await other.page.evaluate(
      paths => globalThis.guerdonTests.importModules(paths),
      ['/browser/modules.mjs'],
    )
    expect(answers[0]).toContain('TypeError')
    expect(outside(other.requests, server.origin)).toContain('node:fs')
    await other.close()
  })

  it('a request that leaves loopback would be noticed, and goes nowhere', async () => {
    const other = await browser.newPage(`${server.origin}/`)
    const answer = await other.page.evaluate(() => fetch('http://guerdon.invalid/').then(String, String))
    expect(answer).toContain('TypeError')
    expect(outside(other.requests, server.origin)).toEqual(['http://guerdon.invalid/'])
    expect(server.refused).toContain('guerdon.invalid')
    await other.close()
  })

  it('the pages asked for nothing beyond loopback and complained of nothing', () => {
    expect(opened.requests.length).toBeGreaterThan(100)
    expect(opened.requests.some(url => url.endsWith('.wasm'))).toBe(true)
    expect(outside(opened.requests, server.origin)).toEqual([])
    expect(opened.errors).toEqual([])
  })
})

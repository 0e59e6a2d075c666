import { chromium } from 'playwright-core'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Starts a Chromium with a profile of its own whose every request beyond loopback goes to `proxy`, an origin. `newPage`
 * opens a page in a new context and keeps what it asked for (`requests`)
 * and what it complained of (`errors`); `cores` is how many cores the page is told the machine has.
 */
export async function openBrowser(executablePath, options) {
  const { proxy } = options
  const browser = await chromium.launch({ executablePath, args: [...flags, `--proxy-server=${proxy}`] })
  return {
    version: browser.version(),
    close: () => browser.close(),
    async newPage(url, settings = {}) {
      const context = await browser.newContext()
      if (settings.cores !== undefined) await context.addInitScript(pretendCores, settings.cores)
      const requests = []
      const errors = []
      context.on('request', request => requests.push(request.url()))
      const page = await context.newPage()
      page.on('pageerror', error => errors.push(error.stack ?? error.message))
      page.on('console', message => {
        if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
      })
      await page.goto(url)
      return { page, requests, errors, close: () => context.close() }
    },
  }
}

function pretendCores(cores) {
  Object.defineProperty(globalThis.navigator, 'hardwareConcurrency', { value: cores })
}

/** The requests that are neither to `origin` nor within the page itself. */
export function outside(requests, origin) {
  return requests.filter(url => !url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url))
}

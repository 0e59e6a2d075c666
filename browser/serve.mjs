import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, normalize } from 'node:path'

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
  '.wasm': 'application/wasm',
}

// What a page needs to share memory between threads.
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

/**
 * Serves on loopback the files of `folders` (by the path they stand under, the first that fits) and `pages` (HTML by path);
 * `?isolated` makes a page cross-origin isolated. The same port is the browser's proxy for everything that is not on
 * loopback: it refuses every such request and keeps its host in `refused`. A Chromium asks for things of its own (accounts,
 * updates) that no flag stops, and that no page can see; so they come to nothing too.
 */
export async function serve(folders, options = {}) {
  const { pages = {} } = options
  const refused = []
  const server = createServer((request, response) => {
    if (!request.url.startsWith('/')) {
      refused.push(new URL(request.url).host)
      response.writeHead(403).end()
      return
    }
    const { pathname, search } = new URL(request.url, 'http://localhost')
    const path = decodeURIComponent(pathname)
    const headers = { 'cache-control': 'no-store', ...(search === '?isolated' ? isolation : {}) }
    if (Object.hasOwn(pages, path)) {
      response.writeHead(200, { ...headers, 'content-type': types['.html'] }).end(pages[path])
      return
    }
    const file = locate(folders, path)
    const found = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })
    if (!found?.isFile()) {
      response.writeHead(404).end()
      return
    }
    const type = types[extname(file)] ?? 'application/octet-stream'
    // An isolated page may start workers only from answers that are isolated themselves.
    response.writeHead(200, { ...headers, ...isolation, 'content-type': type, 'content-length': found.size })
    createReadStream(file).pipe(response)
  })
  server.on('connect', (request, socket) => {
    refused.push(request.url)
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address()
  return {
    refused,
    origin: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections()
      return new Promise(resolve => server.close(resolve))
    },
  }
}

function locate(folders, path) {
  const under = Object.keys(folders).find(prefix => path.startsWith(prefix))
  if (under === undefined) return undefined
  const folder = normalize(`${folders[under]}/`)
  const file = normalize(`${folder}${path.slice(under.length)}`)
  return file.startsWith(folder) ? file : undefined
}

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

/**
 * Serves the files of `folder` on loopback, and `page` (HTML) at `/`. The same port is the browser's proxy for everything
 * that is not on loopback: it refuses every such request and keeps its host in `refused`. A Chromium asks for things of its
 * own (accounts, updates) that no flag stops, and that no page can see; so they come to nothing too.
 */
export async function serve(folder, options = {}) {
  const { page } = options
  const refused = []
  const server = createServer((request, response) => {
    if (!request.url.startsWith('/')) {
      refused.push(new URL(request.url).host)
      response.writeHead(403).end()
      return
    }
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname)
    if (page !== undefined && path === '/') {
      response.writeHead(200, { 'content-type': types['.html'] }).end(page)
      return
    }
    const file = normalize(`${folder}${path}`)
    const found = file.startsWith(normalize(folder)) ? statSync(file, { throwIfNoEntry: false }) : undefined
    if (!found?.isFile()) {
      response.writeHead(404).end()
      return
    }
    const type = types[extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-length': found.size, 'cache-control': 'no-store' })
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

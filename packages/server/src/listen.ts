import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GuerdonError } from '@guerdon/core'
import { createAdaptorServer } from '@hono/node-server'
import { createRewardApp } from './app.ts'
import { isLoopback } from './http/host-check.ts'
import type { RecipeSource, ServerOptions } from './options.ts'
import type { ReloadAnswer } from './routes/reload.ts'

/** Where to listen. */
export interface ListenOptions extends ServerOptions {
  /** Default 127.0.0.1: nobody outside this machine. */
  readonly host?: string
  /** Default 8787; 0 takes any free port. */
  readonly port?: number
  /** Milliseconds requests under way are given to finish at `close`. Default 10,000. */
  readonly graceMs?: number
  /** Further names (values of the Host header, without port) that a server on loopback answers to. */
  readonly allowHosts?: readonly string[]
}

/** A server on a port. */
export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Uses another recipe, or reads the one it has again; no request is dropped, and after an error nothing changed. */
  reload(source?: RecipeSource): Promise<ReloadAnswer>
  /** Stops accepting, lets requests under way finish within the grace, ends the rest, gives the store back. */
  close(): Promise<void>
}

/** Starts a reward server. Throws `io` for a port or store in use. */
export async function listen(options: ListenOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8787, graceMs = 10_000 } = options
  const hosts = isLoopback(host) ? { allowed: options.allowHosts ?? [] } : undefined
  const reward = createRewardApp(options, hosts)
  const server = createAdaptorServer({ fetch: reward.app.fetch, hostname: host }) as Server
  // Slow headers are ended by the server itself; slow bodies by the reading of the body, which answers 408.
  server.headersTimeout = 10_000
  server.requestTimeout = 0
  server.keepAliveTimeout = 30_000
  try {
    await reward.started()
  } catch (error) {
    await reward.close()
    throw error
  }
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, 1024, resolve)
    })
  } catch (cause) {
    await reward.close()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new GuerdonError('io', `expected to listen on ${host}:${port}; got: ${reason}`, {
      hint: 'choose another port with --port',
      cause,
    })
  }
  const bound = (server.address() as AddressInfo).port
  options.log?.({ level: 'info', event: 'listening', facts: { host, port: bound, recipe: options.recipe.name } })
  let closing: Promise<void> | undefined
  const close = async () => {
    const closed = new Promise<void>(resolve => server.close(() => resolve()))
    server.closeIdleConnections()
    await reward.drain(graceMs)
    // Answers just written must leave before their sockets are closed.
    await new Promise(resolve => setTimeout(resolve, 20))
    server.closeAllConnections()
    await closed
    await reward.close()
    options.log?.({ level: 'info', event: 'stopped', facts: { unfinished: reward.open() } })
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    reload: reward.reload,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

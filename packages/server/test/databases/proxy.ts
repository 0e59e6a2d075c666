import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a database on which nothing moves while it is frozen: connections are accepted and never answered. */
export interface Proxy {
  readonly url: string
  freeze(): void
  thaw(): void
  close(): void
}

/** A proxy before the database at `target`. */
export async function createProxy(target: string): Promise<Proxy> {
  const url = new URL(target)
  const port = Number(url.port)
  const sockets = new Set<Socket>()
  let frozen = false
  const join = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.on('data', part => to.write(part))
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    from.on('error', () => to.destroy())
    if (frozen) from.pause()
  }
  const server = createServer(client => {
    const database = connect(port, '127.0.0.1')
    join(client, database)
    join(database, client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url.port = String((server.address() as { readonly port: number }).port)
  return {
    url: url.href,
    freeze: () => {
      frozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw: () => {
      frozen = false
      for (const socket of sockets) socket.resume()
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

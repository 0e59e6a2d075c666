import { within } from './within.ts'

/** Runs a script. */
export type Ask = (script: string, keys: readonly string[], values: readonly string[]) => Promise<unknown>

/** A Redis, connected to when first asked and again after the connection broke. */
export interface RedisConnection {
  readonly ask: Ask
  /** Resolves when it answers and takes writes. */
  check(): Promise<void>
  /** The keys of a pattern. */
  keys(pattern: string): Promise<string[]>
  close(): Promise<void>
}

/** Milliseconds for a call. */
const CALL_MS = 5000

type Client = Awaited<ReturnType<typeof createClient>>

interface Connection {
  /** Absent until the driver is loaded. */
  client?: Client
  readonly ready: Promise<Client>
}

/** A Redis at a URL. Every call has a deadline; one that is missed ends the connection, and the next call makes another. */
export function openRedis(url: URL): RedisConnection {
  let current: Connection | undefined
  let closed = false
  const withClient = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    if (closed) throw new Error('the store was closed')
    const own = (current ??= connect(url))
    try {
      return await within(CALL_MS, own.ready.then(work))
    } catch (error) {
      const { ErrorReply } = await import('@redis/client')
      if (!(error instanceof ErrorReply)) {
        if (current === own) current = undefined
        destroy(own)
      }
      throw error
    }
  }
  return {
    ask: (script, keys, values) =>
      withClient(client => client.eval(script, { keys: [...keys], arguments: [...values] })),
    check: async () => {
      await withClient(client => client.set('guerdon:check', '', { expiration: { type: 'PX', value: 1000 } }))
    },
    keys: async pattern => {
      const found = new Set<string>()
      let cursor = '0'
      do {
        const from = cursor
        const page = await withClient(client => client.scan(from, { MATCH: pattern, COUNT: 1000 }))
        for (const key of page.keys) found.add(key)
        cursor = page.cursor
      } while (cursor !== '0')
      return [...found]
    },
    close: async () => {
      closed = true
      const own = current
      if (own === undefined) return
      await within(
        CALL_MS,
        own.ready.then(client => client.close()),
      ).catch(() => destroy(own))
    },
  }
}

function connect(url: URL): Connection {
  const open = async () => {
    connection.client = await createClient(url)
    await connection.client.connect()
    return connection.client
  }
  // The driver is loaded in a later turn, when `connection` is there.
  const connection: Connection = { ready: Promise.resolve().then(open) }
  return connection
}

async function createClient(url: URL) {
  const driver = await import('@redis/client')
  const client = driver.createClient({
    url: url.href,
    disableOfflineQueue: true,
    // Whoever asks next connects; nobody waits for a Redis that is away.
    socket: { connectTimeout: CALL_MS, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  return client
}

function destroy({ client }: Connection): void {
  if (client?.isOpen === true) client.destroy()
}

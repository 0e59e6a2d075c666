import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A database server of this suite's own, on a free port of this machine, in a folder that goes with it. */
export interface Database {
  readonly url: string
  readonly password: string
  start(): Promise<void>
  /** Ends it as a crash would. */
  crash(): Promise<void>
  remove(): Promise<void>
}

const password = 'pa55/word@of:this'

/** A user who may run Postgres, which refuses the superuser. */
const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}

/** A Postgres with an empty database. Throws where it is not installed. */
export async function createPostgres(): Promise<Database> {
  const programs = programsOf('initdb', '/usr/lib/postgresql')
  const folder = ownFolder()
  const port = await freePort()
  const data = join(folder, 'data')
  writeFileSync(join(folder, 'password'), password)
  own(join(folder, 'password'))
  const program = (name: string) => join(programs, name)
  const set = ['-D', data, '-U', 'guerdon', '-A', 'scram-sha-256', '--pwfile', join(folder, 'password'), '--no-locale']
  execFileSync(program('initdb'), [...set, '-E', 'UTF8', '--no-sync'], { ...user, cwd: folder, stdio: 'ignore' })
  const parameters = ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1']
  return database({
    folder,
    url: `postgres://guerdon:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    // The processes of connections end with the first one when that is asked to at once.
    signal: 'SIGQUIT',
    launch: () => spawn(program('postgres'), parameters, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }),
    isUp: text => text.includes('ready to accept connections'),
  })
}

/** A Redis that syncs each write. Throws where it is not installed. */
export async function createRedis(): Promise<Database> {
  const programs = programsOf('redis-server')
  const folder = ownFolder()
  const port = await freePort()
  const options = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', appendfsync: 'always', save: '' }
  const parameters = Object.entries({ ...options, requirepass: password }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ])
  return database({
    folder,
    url: `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}/2`,
    signal: 'SIGKILL',
    launch: () =>
      spawn(join(programs, 'redis-server'), parameters, {
        ...user,
        cwd: folder,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    isUp: text => text.includes('Ready to accept connections'),
  })
}

interface Launched {
  readonly folder: string
  readonly url: string
  readonly signal: NodeJS.Signals
  readonly launch: () => ChildProcess
  readonly isUp: (text: string) => boolean
}

function database({ folder, url, signal, launch, isUp }: Launched): Database {
  let child: ChildProcess | undefined
  const crash = async () => {
    if (child === undefined || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    child = undefined
  }
  return {
    url,
    password,
    start: async () => {
      const own = launch()
      child = own
      let text = ''
      for (const stream of [own.stdout, own.stderr]) stream?.on('data', part => (text += part))
      const exited = once(own, 'exit')
      while (!isUp(text)) {
        const ended = await Promise.race([exited, new Promise(resolve => setTimeout(resolve, 10))])
        if (ended !== undefined) throw new Error(`the database did not start: ${text}`)
      }
    },
    crash,
    remove: async () => {
      await crash()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The folder of a program. */
function programsOf(name: string, versions?: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  if (versions !== undefined && existsSync(versions)) {
    folders.push(...readdirSync(versions).map(version => join(versions, version, 'bin')))
  }
  const found = folders.find(folder => existsSync(join(folder, name)))
  if (found === undefined) throw new Error(`expected ${name} on this machine; install redis-server and postgresql`)
  return found
}

function idOf(which: '-u' | '-g'): number {
  for (const name of ['postgres', 'nobody']) {
    try {
      return Number(execFileSync('id', [which, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    } catch {
      // The next one may be there.
    }
  }
  throw new Error('expected a user "postgres" or "nobody" to run databases as; there is none')
}

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-database-'))
  own(folder)
  return folder
}

function own(path: string): void {
  chmodSync(path, 0o700)
  if (user.uid !== undefined && user.gid !== undefined) chownSync(path, user.uid, user.gid)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  return port
}

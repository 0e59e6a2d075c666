import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { GuerdonError } from '@guerdon/core'

/** Marks a folder as used by this process until `release` is called; throws `io` while another process uses it. */
export function lockFolder(folder: string): { release(): void } {
  const file = join(folder, 'lock.json')
  const own = JSON.stringify({ pid: process.pid, started: startOf(process.pid), token: randomUUID() })
  for (let attempt = 0; attempt < 3; attempt++) {
    if (create(file, own)) return { release: () => readText(file) === own && rmSync(file, { force: true }) }
    const holder = readText(file)
    if (holder === undefined) continue
    if (isAlive(holder)) throw inUse(folder, holder)
    setAside(file, holder)
  }
  throw inUse(folder, readText(file) ?? '{}')
}

function create(file: string, text: string): boolean {
  // Written under another name and linked, so that nobody ever reads half a lock.
  const partial = `${file}.${randomUUID()}`
  try {
    const handle = openSync(partial, 'wx')
    writeSync(handle, text)
    fsyncSync(handle)
    closeSync(handle)
    linkSync(partial, file)
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false
    throw new GuerdonError('io', `expected to lock ${file}; got: ${cause instanceof Error ? cause.message : cause}`, {
      file,
      cause,
    })
  } finally {
    rmSync(partial, { force: true })
  }
}

/** Removes the lock of a dead process; when another process was quicker and holds it by now, its lock is put back. */
function setAside(file: string, dead: string): void {
  const aside = `${file}.${randomUUID()}`
  try {
    renameSync(file, aside)
    if (readText(aside) !== dead) linkSync(aside, file)
  } catch {
    // Somebody else set it aside: the next attempt sees who holds it now.
  } finally {
    rmSync(aside, { force: true })
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function holderOf(text: string): { pid: number; started: string } | undefined {
  try {
    const { pid, started } = JSON.parse(text) as { pid?: unknown; started?: unknown }
    return Number.isInteger(pid) ? { pid: pid as number, started: String(started) } : undefined
  } catch {
    return undefined
  }
}

/** A number of a process is used again after it ended: where the system tells when a process started, that must agree. */
function isAlive(text: string): boolean {
  const holder = holderOf(text)
  if (holder === undefined) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  const started = startOf(holder.pid)
  return started === '' || holder.started === started
}

/** When a process started, as Linux tells it; empty elsewhere. */
function startOf(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === undefined) return ''
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
  return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
}

function inUse(folder: string, holder: string): GuerdonError {
  const pid = holderOf(holder)?.pid
  return new GuerdonError(
    'io',
    `expected a store that no other server uses; got ${folder}, in use by process ${pid ?? 'unknown'}`,
    { file: folder, hint: 'stop that server, or give this one a folder of its own' },
  )
}

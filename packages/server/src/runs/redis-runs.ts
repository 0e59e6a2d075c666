import { randomUUID } from 'node:crypto'
import { describeDatabase, notThere, unreachable } from './describe-database.ts'
import type { RunStoreOptions } from './open-runs.ts'
import { type Ask, openRedis } from './redis-connection.ts'
import { freeRun, keepRun, readRun, takeRun, writeRun } from './redis-scripts.ts'
import { type HeldRun, heldTooLong, overtaken, type Reading, RUN_FORMAT, type RunStore } from './run-store.ts'
import { readFields } from './saved-fields.ts'
import { pause } from './within.ts'

/** Milliseconds after which the run of a process that died is free. */
const LEASE_MS = 10_000
/** Milliseconds a server that waits has its turn, once the run is free. */
const TURN_MS = 200
/** Milliseconds between two attempts to free a run of a Redis that is away. */
const FREE_MS = 250
/** Milliseconds between two looks at a run that others have. */
const LOOK_MS = { first: 2, longest: 20 }

const RUNS = 'guerdon:run:'

/**
 * The states of runs in a Redis, a hash `guerdon:run:<name>` each. A run is held by a lock with a lease, which goes on while
 * the process lives. Writes compare the revision in a script, so that one whose lease ended cannot overwrite another's.
 */
export function openRedisRuns(url: URL, { deadlineMs }: RunStoreOptions): RunStore {
  const database = describeDatabase(url)
  const redis = openRedis(url)
  const server = randomUUID()
  const ask: Ask = async (script, keys, values) => {
    try {
      return await redis.ask(script, keys, values)
    } catch (error) {
      throw unreachable(database, error)
    }
  }
  const read = async (run: string, known?: string): Promise<Reading> => {
    const reply = (await ask(readRun, [RUNS + run], [known ?? ''])) as readonly unknown[]
    if (reply.length === 0) return undefined
    if (reply.length === 1) return 'unchanged'
    const [revision, format, update, state, answers] = reply
    return readFields(run, { revision, format, update, state, answers })
  }
  const hold = async (run: string, signal: AbortSignal): Promise<HeldRun> => {
    const lock = `guerdon:lock:${run}`
    const token = randomUUID()
    const free = async (attempts = LEASE_MS / FREE_MS): Promise<void> => {
      try {
        await redis.ask(freeRun, [lock], [token])
      } catch {
        // Later attempts are nobody's to wait for; in the end the lease runs out.
        if (attempts > 1) setTimeout(() => free(attempts - 1), FREE_MS).unref()
      }
    }
    const until = performance.now() + deadlineMs
    const take = [token, server, String(LEASE_MS), String(TURN_MS)]
    try {
      signal.throwIfAborted()
      for (let wait = LOOK_MS.first; ; wait = Math.min(2 * wait, LOOK_MS.longest)) {
        if ((await ask(takeRun, [lock, `guerdon:turn:${run}`], take)) === 1) break
        if (performance.now() > until) throw heldTooLong(run, deadlineMs)
        await pause(wait, signal)
      }
      signal.throwIfAborted()
    } catch (error) {
      // It may have been taken by a call whose answer did not come, or nobody waits for any more.
      void free()
      throw error
    }
    const keep = () => redis.ask(keepRun, [lock], [token, String(LEASE_MS)]).then(noop, noop)
    const keeping = setInterval(keep, LEASE_MS / 4)
    keeping.unref()
    let held = true
    return {
      read: known => read(run, known),
      write: async (saved, known) => {
        const revision = randomUUID()
        const { update, state, answers } = saved
        const fields = [String(RUN_FORMAT), String(update), state, JSON.stringify(answers)]
        const write = () => ask(writeRun, [RUNS + run, lock], [known ?? '', revision, token, ...fields])
        // Where no answer came it may have been saved; the same write again does nothing then.
        if ((await write().catch(write)) !== 1) throw overtaken(run)
        clearInterval(keeping)
        held = false
        return revision
      },
      release: async () => {
        clearInterval(keeping)
        if (held) await free()
        held = false
      },
    }
  }
  return {
    check: async () => {
      await redis.check().catch(error => {
        throw notThere(database, error)
      })
    },
    names: async () => {
      const keys = await redis.keys(`${RUNS}*`).catch(error => {
        throw unreachable(database, error)
      })
      return keys.map(key => key.slice(RUNS.length)).sort()
    },
    read,
    hold,
    close: redis.close,
  }
}

function noop(): void {}

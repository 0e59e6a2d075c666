import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeJob, type Job } from './messages.ts'
import { runJobs } from './pool.ts'

const module = fileURLToPath(new URL('./fixtures/worker.mjs', import.meta.url))
let results: string

beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'pool-'))
})
afterEach(() => rmSync(results, { recursive: true, force: true }))

function jobs(seed: number, arms: readonly string[]): { prepare: Job; runs: Job[] } {
  const common = { experiment: 'x', budget: 'quick', seed, results } as const
  return { prepare: { kind: 'prepare', ...common }, runs: arms.map(arm => ({ kind: 'run', ...common, arm })) }
}

async function run(
  plan: { prepare?: Job; runs: Job[] }[],
  workers: number,
): Promise<{ order: string[]; failures: Record<string, string> }> {
  const order: string[] = []
  const failures: Record<string, string> = {}
  await runJobs(plan, {
    workers,
    module,
    finished: job => order.push(describeJob(job)),
    failed: (job, message) => {
      failures[describeJob(job)] = message
    },
  })
  return { order, failures }
}

describe('worker pool', () => {
  it('prepares a seed before its runs', async () => {
    const { order, failures } = await run([jobs(1, ['a', 'b']), jobs(2, ['a'])], 2)
    expect(failures).toEqual({})
    expect(order).toHaveLength(5)
    expect(order.indexOf('preparing seed 1')).toBeLessThan(order.indexOf('a, seed 1'))
    expect(order.indexOf('preparing seed 2')).toBeLessThan(order.indexOf('a, seed 2'))
  })

  it('tries a job again when its worker dies, and goes on when it dies twice', async () => {
    const { order, failures } = await run([{ runs: jobs(1, ['dies-once', 'dies', 'fails', 'fine']).runs }], 1)
    expect(order).toEqual(['dies-once, seed 1', 'fine, seed 1'])
    expect(failures['dies, seed 1']).toMatch(/exit code 7/)
    expect(failures['fails, seed 1']).toBe('cannot divide by zero')
  })

  it('does not run what a failed preparation was for', async () => {
    const { order, failures } = await run([jobs(13, ['a']), jobs(2, ['a'])], 2)
    expect(order).toContain('a, seed 2')
    expect(failures).toEqual({ 'preparing seed 13': 'unlucky', 'a, seed 13': 'not run: preparing seed 13 failed' })
  })

  it('ends its workers in the middle of a job when cancelled, and leaves nothing on the signal', async () => {
    const cancelling = new AbortController()
    const added = vi.spyOn(cancelling.signal, 'addEventListener')
    const removed = vi.spyOn(cancelling.signal, 'removeEventListener')
    const running = runJobs([{ runs: jobs(1, ['never', 'a', 'never', 'b']).runs }], {
      workers: 2,
      module,
      signal: cancelling.signal,
      finished: job => {
        if (job.arm === 'a') cancelling.abort(new Error('enough'))
      },
    })
    await expect(running).rejects.toThrow('enough')
    expect(added).toHaveBeenCalledTimes(1)
    expect(removed).toHaveBeenCalledTimes(1)
  })

  it('stops at once when cancelled', async () => {
    const cancelled = AbortSignal.abort(new Error('enough'))
    await expect(runJobs([jobs(1, ['a'])], { module, signal: cancelled })).rejects.toThrow('enough')
  })
})

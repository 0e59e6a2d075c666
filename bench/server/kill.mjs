// Kills a server under load, many times, and looks whether every acknowledged batch is there.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore } from '@guerdon/store'

const RUNS = 6

const sum = values => values.reduce((total, value) => total + value, 0)

/** Sends one batch under its key; undefined when the server is gone before it answered. */
async function send(port, run, batch) {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/score?run=${run}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `batch-${batch}` },
      body: JSON.stringify({ rollouts: [{ id: `${run}-${batch}`, prompt: 'p', response: 'r' }] }),
    })
    if (answer.status !== 200) return undefined
    const { items, provenance } = await answer.json()
    return { reward: items[0].reward, update: provenance.update }
  } catch {
    return undefined
  }
}

/**
 * `kills` times: starts a server on one store, loads it with six runs side by side and kills it with SIGKILL after a drawn
 * number of answers and a drawn moment; a batch without an answer is sent again to the next server under the same key. The reward counts the batches of
 * a run, so that a batch lost or counted twice shows in every later number. At the end the store must hold a record of each
 * acknowledged batch.
 */
export async function killMany(kills, { random, progress }) {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-kill-'))
  const acknowledged = new Array(RUNS).fill(0)
  let wrong = 0
  let resent = 0
  let child
  try {
    for (let kill = 0; kill <= kills; kill++) {
      child = fork(fileURLToPath(new URL('serve.mjs', import.meta.url)), ['counting', folder])
      const [port] = await once(child, 'message')
      let stopped = false
      const load = acknowledged.map(async (_, r) => {
        while (!stopped) {
          const next = acknowledged[r] + 1
          const answer = await send(port, `run-${r}`, next)
          if (answer === undefined) {
            resent++
            return
          }
          if (answer.reward !== next || answer.update !== next) wrong++
          acknowledged[r] = next
        }
      })
      const before = sum(acknowledged)
      const enough = Math.ceil(18 * random())
      while (sum(acknowledged) - before < enough) await new Promise(resolve => setTimeout(resolve, 2))
      await new Promise(resolve => setTimeout(resolve, 20 * random()))
      const ended = once(child, 'exit')
      if (kill < kills) child.kill('SIGKILL')
      else {
        stopped = true
        await Promise.all(load)
        child.kill('SIGTERM')
      }
      await Promise.all([...load, ended])
      progress(kill)
    }
    const total = sum(acknowledged)
    const store = await openStore(folder, { readOnly: true })
    const { rows } = await store.query('SELECT DISTINCT id FROM scores')
    await store.close()
    const kept = new Set(rows.map(({ id }) => id))
    let missing = 0
    acknowledged.forEach((last, r) => {
      for (let batch = 1; batch <= last; batch++) if (!kept.has(`run-${r}-${batch}`)) missing++
    })
    return { kills, runs: RUNS, acknowledged: total, resent, wrong, missing }
  } finally {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

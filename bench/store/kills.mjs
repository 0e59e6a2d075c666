import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openStore } from '@guerdon/store'

const writer = fileURLToPath(new URL('../../packages/store/src/fixtures/writer.mjs', import.meta.url))
const perBatch = 4
const checkEvery = 20

/** Kills a writer again and again and counts what it had acknowledged and is not there. */
export async function killWriter(folder, kills) {
  const kept = new Set()
  let found = { missing: 0, torn: 0, there: 0 }
  for (let kill = 1; kill <= kills; kill++) {
    const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', data => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * 100)
      said += data
    })
    await once(child, 'close')
    for (const [, first] of said.matchAll(/^kept (\d+)\n/gm)) kept.add(Number(first))
    if (kill % checkEvery === 0 || kill === kills) found = await check(folder, kept)
    if (found.missing > 0) break
  }
  const { missing, torn, there } = found
  return { kills, acknowledged: kept.size, missing, torn, unheard: there + missing - kept.size }
}

async function check(folder, kept) {
  const store = await openStore(folder)
  const { rows } = await store.query('SELECT min(position) AS first, count(*) AS n FROM rollouts GROUP BY batch')
  await store.close()
  const there = new Set(rows.map(({ first }) => first))
  return {
    missing: [...kept].filter(first => !there.has(first)).length,
    torn: rows.filter(({ n }) => n !== perBatch).length,
    there: there.size,
  }
}

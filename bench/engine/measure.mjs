/** Times all engines on one workload, taking turns, and checks that they did the same work. */
import { open } from './engines.mjs'
import { calm, watch } from './quiet.mjs'

const rounds = 8

/** A measurement counts as disturbed when other programs kept more than this share of one processor busy. */
const tolerated = 0.15

/**
 * Results by engine id: { median, p10, p90 } in milliseconds, calls, version, note; or { missing }. Engines take turns
 * in rounds, so that a disturbance of the machine meets all of them; each gets about `budget` milliseconds. A turn that
 * other programs disturbed is repeated, whatever its times were, as long as `patience` milliseconds (for the workload)
 * last; after that it is taken as it is and counted in `disturbed`.
 */
export async function measure(engines, name, workload, arraysPath, { budget, patience, urgent }) {
  const deadline = performance.now() + patience
  const results = {}
  const running = []
  for (const engine of engines) {
    const process = await open(engine, name, arraysPath, { urgent })
    const { version, note, missing } = process
    results[engine.id] = { version, note, missing, times: [], disturbed: 0 }
    if (missing) await process.close()
    else running.push({ process, result: results[engine.id] })
  }
  for (const { process, result } of running) Object.assign(result, await warmUp(process, workload, budget))
  for (let round = 0; round < rounds; round++) {
    for (const { process, result } of running) {
      if (result.missing || (result.estimate > budget && round > 0)) continue
      const calls = Math.max(1, Math.min(workload.round, Math.round(budget / rounds / result.estimate)))
      const { times, disturbed } = await turn(process, calls, deadline)
      result.times.push(...times)
      if (disturbed) result.disturbed += times.length
    }
  }
  for (const { process } of running) await process.close()
  for (const result of Object.values(results)) summarise(result)
  return results
}

async function turn(process, calls, deadline) {
  for (;;) {
    await calm({ share: tolerated, deadline })
    const { value, others } = await watch(process.pid, () => process.run(calls))
    if (others <= tolerated || performance.now() > deadline)
      return { times: value.times, disturbed: others > tolerated }
  }
}

/** Calls until compilers and caches have settled; the first values are kept for comparison. */
async function warmUp(process, workload, budget) {
  const first = await process.run(1)
  if (first.missing) return first
  const values = [...first.values]
  let estimate = first.times[0]
  let spent = estimate
  const calls = Math.max(3, workload.round)
  for (let done = 1; done < calls && spent < budget / 2; done++) {
    const next = await process.run(1)
    values.push(...next.values)
    estimate = next.times[0]
    spent += estimate
  }
  return { estimate, values: values.slice(0, 3) }
}

function summarise(result) {
  const sorted = result.times.sort((a, b) => a - b)
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  result.calls = sorted.length
  delete result.times
  delete result.estimate
  if (result.calls > 0) Object.assign(result, { median: at(0.5), p10: at(0.1), p90: at(0.9) })
}

/** Marks results whose first values (losses, sums of sampled tokens) differ from the reference engine's by over 0.1 %. */
export function checkAgreement(results, referenceId) {
  const reference = results[referenceId]?.values
  if (!reference) return
  for (const result of Object.values(results)) {
    if (!result.values) continue
    const count = Math.min(reference.length, result.values.length)
    result.agrees = reference.slice(0, count).every((value, i) => {
      return Math.abs(result.values[i] - value) <= 1e-3 * Math.abs(value)
    })
  }
}

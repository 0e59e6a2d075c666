/**
 * How the benchmark talks to an engine: a process of its own, started with a workload's name, the path of its arrays
 * and a number of threads. It prints one line of JSON when ready ({ ready, version, note? } or { missing: reason }) and
 * then, for each line { run: n }, { times: milliseconds of each call, values: the first losses or checksums }.
 */
import { createInterface } from 'node:readline'

/** Serves an engine's workload: `step` does it once and returns a number that depends on all of its work. */
export async function serve(version, step, note) {
  say({ ready: true, version, note })
  for await (const line of createInterface({ input: process.stdin })) {
    const times = []
    const values = []
    for (let n = JSON.parse(line).run; n > 0; n--) {
      const start = performance.now()
      const value = await step()
      times.push(performance.now() - start)
      if (values.length < 8) values.push(value)
    }
    say({ times, values })
  }
}

/** Ends an engine that cannot do a workload, with the reason that the table shows. */
export function missing(reason) {
  say({ missing: reason })
  process.exit(0)
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

/** Tells whether other programs disturbed a measurement, from Linux's accounts of processor time. */
import { readFileSync } from 'node:fs'

const ticksPerSecond = 100

/** Seconds that all processors were busy since boot, what a hypervisor took away included; NaN where not known. */
function busySeconds() {
  try {
    const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
      .split('\n', 1)[0]
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number)
    return (user + nice + system + irq + softirq + steal) / ticksPerSecond
  } catch {
    return Number.NaN
  }
}

/** Processor seconds a process has used so far. */
function processSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  } catch {
    return Number.NaN
  }
}

/** Runs `work` and says how many processors, on average, others than the process `pid` kept busy meanwhile. */
export async function watch(pid, work) {
  const [busy, own, start] = [busySeconds(), processSeconds(pid), performance.now()]
  const value = await work()
  const elapsed = (performance.now() - start) / 1000
  // Accounts are kept in hundredths of a second: shorter measurements cannot be told apart from noise.
  const others = elapsed < 0.05 ? 0 : Math.max(0, busySeconds() - busy - (processSeconds(pid) - own)) / elapsed
  return { value, others: Number.isNaN(others) ? 0 : others }
}

/** Waits until others keep less than `share` of one processor busy, or until the deadline (`performance.now()`). */
export async function calm({ share, deadline }) {
  while (performance.now() < deadline) {
    const { others } = await watch(process.pid, () => new Promise(resolve => setTimeout(resolve, 150)))
    if (others <= share) return true
  }
  return false
}

import { watch } from '../engine/quiet.mjs'

/** Runs `work`: its value, wall and processor seconds, and how many processors other programs kept busy meanwhile. */
export async function timed(work) {
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  const { value, others } = await watch(process.pid, work)
  const { user, system } = process.cpuUsage(cpu)
  return { value, seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6, others }
}

/**
 * Physics steps per second of the worlds that need an engine: MuJoCo in WebAssembly, the same behind `vectorWorld`, and
 * MuJoCo's C library; Rapier behind `vectorWorld`. Prints JSON: `node physics.mjs 0.4`. WebAssembly and C take turns.
 */

import { Random } from '@guerdon/core'
import { vectorWorld } from '@guerdon/worlds'
import { arenaWorld } from '@guerdon/worlds/arena/arena-world'
import { loadRapier } from '@guerdon/worlds/arena/bodies'
import { loadMujoco } from '@guerdon/worlds/mujoco/engine'
import { mujocoTasks } from './mujoco-tasks.mjs'
import { nativeMujoco } from './native.mjs'

const seconds = Number(process.argv[2])
const count = 100
// V8 first runs WebAssembly it has compiled in haste; about two seconds later it has compiled it well
const settling = 2

/** Seconds of processor time this process has used, its compiler and collector threads included. */
function processorTime() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Calls `pass`, which takes `steps` physics steps, for about `duration` seconds. */
function rateOf(pass, steps, duration) {
  const start = processorTime()
  let taken = 0
  let elapsed = 0
  do {
    pass()
    taken += steps
    elapsed = processorTime() - start
  } while (elapsed < duration)
  return taken / elapsed
}

const native = nativeMujoco()
const { version } = await loadMujoco()
const results = {}
let nativeVersion
for (const { world, task } of await mujocoTasks(count)) {
  const { simulation, frameSkip } = world
  const { nq, nu } = simulation.model
  const actions = Float64Array.from(task.actions)
  const slices = Array.from({ length: count }, (_, t) => actions.subarray(t * nu, (t + 1) * nu))
  const [positions, velocities] = [task.start.slice(0, nq), task.start.slice(nq)]
  const bare = () => {
    simulation.begin(positions, velocities)
    for (let t = 0; t < count; t++) simulation.run(actions, t * nu, frameSkip)
  }
  const batch = vectorWorld(world, { copies: 1, seed: 3, autoreset: 'same-step', horizon: count })
  const whole = () => {
    for (const action of slices) batch.step(action)
  }
  const steps = count * frameSkip
  rateOf(bare, steps, Object.keys(results).length === 0 ? settling : seconds / 2)
  rateOf(whole, steps, seconds / 2)
  const wasm = rateOf(bare, steps, seconds)
  const batched = rateOf(whole, steps, seconds)
  const measured = native?.rate(task, seconds)
  nativeVersion = measured?.version
  results[world.name] = { wasm, world: batched, frameSkip, native: measured?.rate ?? null }
}
native?.remove()
const random = new Random(3)
for (const players of [1, 2]) {
  const definition = arenaWorld(await loadRapier(), { blue: players, orange: players })
  const batch = vectorWorld(definition, { copies: 1, seed: 3, autoreset: 'same-step' })
  const actions = Array.from({ length: count }, () =>
    Float64Array.from({ length: 8 * players }, () => random.uniform(-1, 1)),
  )
  const whole = () => {
    for (const action of actions) batch.step(action)
  }
  rateOf(whole, 8 * count, 2 * settling)
  results[definition.name] = { wasm: null, world: rateOf(whole, 8 * count, seconds), frameSkip: 8, native: null }
}
process.stdout.write(JSON.stringify({ version, nativeVersion, results }))

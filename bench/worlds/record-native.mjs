/**
 * Records what MuJoCo's C library makes of the models, for the tests of packages/worlds:
 *
 *   node scripts/ready.mjs && node bench/worlds/record-native.mjs
 *
 * Needs a C compiler and libmujoco.
 */
import { writeFileSync } from 'node:fs'
import { mujocoTasks } from './mujoco-tasks.mjs'
import { nativeMujoco } from './native.mjs'

const native = nativeMujoco()
if (!native) {
  process.stderr.write('record-native: needs cc and libmujoco\n')
  process.exit(1)
}
const traces = []
let version = ''
for (const { world, task } of await mujocoTasks(20)) {
  version = native.rate(task, 0).version
  traces.push({ world: world.name, start: task.start, actions: task.actions, states: native.trace(task) })
}
native.remove()
const file = new URL('../../packages/worlds/src/mujoco/native.golden.json', import.meta.url)
writeFileSync(file, `${JSON.stringify({ version, traces })}\n`)
process.stdout.write(`recorded ${traces.length} traces of MuJoCo ${version}\n`)

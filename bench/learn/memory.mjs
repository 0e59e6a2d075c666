import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createPpo } from '@guerdon/learn'
import { cartPoleWorld } from '@guerdon/worlds/control/cart-pole'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import { grpoLoop } from './grpo.mjs'

const megabyte = 2 ** 20

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

/** Memory of the process at eleven moments of `updates` updates, after a tenth as many to warm up. */
async function sampleMemory(name, updates, once) {
  for (let update = 0; update < updates / 10; update++) await once()
  const samples = []
  for (let update = 0; update <= updates; update++) {
    if (update % (updates / 10) === 0) {
      collectGarbage()
      const { rss, heapUsed, external } = process.memoryUsage()
      samples.push({ update, rss: rss / megabyte, heap: heapUsed / megabyte, external: external / megabyte })
    }
    await once()
  }
  return { name, updates, samples }
}

/** Memory while PPO learns CartPole and while a small language policy learns by GRPO. */
export async function memoryOver(updates) {
  const world = vectorWorld(cartPoleWorld, { copies: 4, seed: 1, autoreset: 'same-step' })
  const ppo = createPpo(world, { seed: 1, steps: 32 })
  const grpo = grpoLoop({ threads: 1, responseLength: 16, rollouts: 16, width: 16, layers: 2 })
  return [
    await sampleMemory('PPO, 128 steps and 16 gradients an update', updates, () => ppo.update()),
    await sampleMemory('GRPO, 16 rollouts of 16 tokens', updates, grpo),
  ]
}

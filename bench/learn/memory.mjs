import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Random } from '@guerdon/core'
import { createPolicyLearner, createPpo, forkEveryTurn, initialPolicy } from '@guerdon/learn'
import { cartPoleWorld } from '@guerdon/worlds/control/cart-pole'
import { arithmeticWorld } from '@guerdon/worlds/text/arithmetic'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import { ddpoLearner, unetLearner } from './diffusion.mjs'
import { grpoLoop, grpoRecipe } from './grpo.mjs'

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

/** Trees of episodes of a text world: their number and lengths differ from update to update. */
function treeLearner() {
  const world = arithmeticWorld({ levels: 1, turns: 'multi' })
  const config = { vocabularySize: world.vocabulary.size, maximumLength: 64, width: 16, layers: 1 }
  const fork = forkEveryTurn({ branches: 2, maximumEpisodes: 8 })
  const initial = initialPolicy(config, new Random(1))
  const size = { groups: 2, groupSize: 4, fork, learningRate: 1e-3 }
  return createPolicyLearner(world, { seed: 1, config, initial, recipe: grpoRecipe(), ...size })
}

/** Memory while PPO learns CartPole and while small language policies learn by GRPO, from responses and from trees. */
export async function memoryOver(updates) {
  const world = vectorWorld(cartPoleWorld, { copies: 4, seed: 1, autoreset: 'same-step' })
  const ppo = createPpo(world, { seed: 1, steps: 32 })
  const grpo = grpoLoop({ threads: 1, responseLength: 16, rollouts: 16, width: 16, layers: 2 })
  const trees = treeLearner()
  return [
    await sampleMemory('PPO, 128 steps and 16 gradients an update', updates, () => ppo.update()),
    await sampleMemory('GRPO, 16 rollouts of 16 tokens', updates, grpo),
    await sampleMemory('GRPO, 16 episodes in trees of several turns', updates, () => trees.update()),
  ]
}

/** Memory while a U-Net of 8×8 images trains and while DDPO tunes a denoiser of points. */
export async function diffusionMemoryOver(updates) {
  const unet = unetLearner({ channels: [8, 16] })
  const ddpo = ddpoLearner()
  return [
    await sampleMemory('denoiser of 8×8 images, 64 a minibatch', updates, () => unet.update()),
    await sampleMemory('DDPO, 32 chains of 20 steps and 8 gradients an update', updates, () => ddpo.update()),
  ]
}

import { createPpo, trainLearner } from '@guerdon/learn'
import { cartPoleWorld } from '@guerdon/worlds/control/cart-pole'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import { timed } from './timed.mjs'

/** PPO with its defaults until 100 episodes in a row return 475 on average; compiling the graphs included. */
export async function cartPoleToSolved(seeds) {
  const runs = []
  for (let seed = 1; seed <= seeds; seed++) {
    const world = vectorWorld(cartPoleWorld, { copies: 4, seed, autoreset: 'same-step' })
    const learner = createPpo(world, { seed })
    const solved = point => point.episodes >= 100 && point.averageReturn >= 475
    const { value, ...times } = await timed(() => trainLearner(learner, { updates: 976, until: solved }))
    const { steps, episodes, averageReturn } = value.at(-1)
    runs.push({ seed, solved: solved(value.at(-1)), steps, episodes, averageReturn, ...times })
  }
  return runs
}

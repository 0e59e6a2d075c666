import { valueIteration } from '@guerdon/methods/shared/tabular'
import { chain } from '@guerdon/worlds/grid/chain'
import { fourRoom } from '@guerdon/worlds/grid/four-room'
import { lineKey } from '@guerdon/worlds/grid/line-key'
import type { TabularWorld } from '@guerdon/worlds/grid/tabular-world'
import { describe, expect, it } from 'vitest'
import { expectRecorded } from '../run/fixtures/recorded-curve.ts'
import { trainLearner } from '../run/learner.ts'
import { createTabularActorCritic } from './actor-critic.ts'
import { createQLearner } from './q-learning.ts'
import { createReinforce } from './reinforce.ts'
import { startValue } from './tables.ts'
import type { TabularLearner } from './tabular-learner.ts'

// Curves are recorded anew with: GUERDON_RECORD=1 npx vitest run packages/learn/src/tabular

const worlds = [fourRoom(), chain(), lineKey()]

/** All in float64; only the last bits of exp and log may differ between machines. */
const tolerance = 1e-9

async function recordedCurve(learner: TabularLearner, world: TabularWorld, updates: number) {
  const points = await trainLearner(learner, { updates })
  expectRecorded(
    new URL(`golden/${learner.name}-${world.name}.json`, import.meta.url),
    { learner: learner.name, settings: learner.settings, points },
    tolerance,
  )
  return points
}

describe.each(worlds.map(world => [world.name, world] as const))('on %s', (_, world) => {
  const optimum = startValue(world, valueIteration(world, { tolerance: 1e-12 }).stochasticPolicy)

  it('Q-learning reaches the value of the exact solver', async () => {
    const learner = createQLearner(world, {
      seed: 1,
      starts: 'uniform',
      epsilon: 0.3,
      step: 1,
      stepDecay: 0.7,
      episodesPerUpdate: 1000,
    })
    const points = await recordedCurve(learner, world, 40)
    expect(points.at(-1)!['value']! / optimum).toBeGreaterThan(0.999)
    expect(points.at(-1)!['value']! / optimum).toBeLessThanOrEqual(1 + 1e-9)
  })

  it('actor–critic comes near it', async () => {
    const learner = createTabularActorCritic(world, {
      seed: 1,
      starts: 'uniform',
      actorStep: 0.2,
      episodesPerUpdate: 500,
    })
    const points = await recordedCurve(learner, world, 20)
    expect(points.at(-1)!['value']! / optimum).toBeGreaterThan(0.99)
  })

  it('REINFORCE with baseline climbs towards it', async () => {
    const learner = createReinforce(world, { seed: 1, starts: 'uniform', step: 5, episodesPerUpdate: 20 })
    const points = await recordedCurve(learner, world, 200)
    expect(points.at(-1)!['value']! / optimum).toBeGreaterThan(0.8)
  })
})

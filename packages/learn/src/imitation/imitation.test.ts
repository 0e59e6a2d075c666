import type { NdArray } from '@guerdon/tensor'
import { cartPoleWorld } from '@guerdon/worlds/control/cart-pole'
import { pendulumWorld } from '@guerdon/worlds/control/pendulum'
import { reacherWorld } from '@guerdon/worlds/control/reacher'
import type { WorldDefinition } from '@guerdon/worlds/world/definition'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import { describe, expect, it } from 'vitest'
import type { Policy } from '../control/actor-critic.ts'
import { reach } from '../control/fixtures/reach.ts'
import { type Learner, trainLearner } from '../run/learner.ts'
import { createBehaviourCloning } from './behaviour-cloning.ts'
import { createDagger, mixingShare } from './dagger.ts'
import { collectDemonstrations, type Demonstrations, type Expert } from './demonstrations.ts'
import { createGail, type GailOptions } from './gail.ts'
import { evaluateGreedily } from './policy.ts'

const copiesOf = (definition: WorldDefinition, copies: number, seed = 1) =>
  vectorWorld(definition, { copies, seed, autoreset: 'same-step' })

/** Balances the pole for all 500 steps by a linear rule. */
const balance: Expert = (observations, actions) => {
  for (let n = 0; n < actions.length; n++) {
    const [x, speed, angle, spin] = [0, 1, 2, 3].map(k => observations[4 * n + k])
    actions[n] = angle + 0.3 * spin + 0.02 * x + 0.1 * speed > 0 ? 1 : 0
  }
}

const demonstrations = collectDemonstrations(copiesOf(cartPoleWorld, 2), balance, { episodes: 2 })
const reaches = collectDemonstrations(copiesOf(reacherWorld, 20), reach, { episodes: 40 })
const played = (learner: { parameters(): unknown }, definition: WorldDefinition) =>
  evaluateGreedily(definition, learner.parameters() as Policy<NdArray>, { episodes: 50, seed: 9 })

describe('demonstrations', () => {
  it('are whole episodes with the actions that were taken', () => {
    const { count, observations, actions, returns } = demonstrations
    expect(returns).toEqual([500, 500])
    expect([count, observations.length, actions.length]).toEqual([1000, 4000, 1000])
    const again = new Float64Array(count)
    balance(observations, again)
    expect(Array.from(actions)).toEqual(Array.from(again))
  })

  const spaces = cartPoleWorld
  const changed =
    (change: Partial<Demonstrations>): (() => Learner) =>
    () =>
      createBehaviourCloning({ ...demonstrations, ...change }, { ...spaces, seed: 1 })
  const poisoned = Float32Array.from(demonstrations.observations)
  poisoned[4 * 17 + 2] = Number.NaN

  it.each([
    [{ count: 0 }, /expected demonstrations; got none/],
    [{ count: 999 }, /expected 3996 numbers, 4 for each of 999 pairs; got 4000 — observations/],
    [{ observations: poisoned }, /finite demonstrations; got NaN — observations of pair 17/],
    [{ actions: new Int32Array(1000).fill(2, 5, 6) }, /actions in 0 … 1; got 2 — pair 5/],
  ])('that do not fit are refused', (change, message) => {
    expect(changed(change)).toThrow(message)
  })

  it('name the step at which an expert gave no number', () => {
    const lost: Expert = (_, actions) => actions.fill(Number.NaN)
    expect(() => collectDemonstrations(copiesOf(pendulumWorld, 2), lost, { episodes: 1 })).toThrow(
      /finite action of the expert; got NaN — copy 0, step 0/,
    )
    const strong: Expert = (_, actions) => actions.fill(3)
    expect(() => collectDemonstrations(copiesOf(pendulumWorld, 2), strong, { episodes: 1 })).toThrow(/step 0/)
  })
})

describe('behaviour cloning', () => {
  it('imitates discrete and continuous experts', async () => {
    const cart = createBehaviourCloning(demonstrations, { ...cartPoleWorld, seed: 1 })
    const points = await trainLearner(cart, { updates: 600 })
    expect(points.at(-1)!['logProb']).toBeGreaterThan(points[0]['logProb']! / 2)
    expect(await played(cart, cartPoleWorld)).toBeGreaterThan(450)
    const arm = createBehaviourCloning(reaches, { ...reacherWorld, seed: 1, learningRate: 3e-3 })
    const untrained = await played(arm, reacherWorld)
    await trainLearner(arm, { updates: 1000 })
    const trained = await played(arm, reacherWorld)
    // over more episodes the script comes to −10.2, doing nothing to −11.8
    expect(untrained).toBeLessThan(-11)
    expect(trained).toBeGreaterThan(-10.2)
  })
})

describe('DAgger', () => {
  it('mixes expert and policy by its schedule', () => {
    expect([0, 3, 15, 20].map(round => mixingShare({ kind: 'linear', rounds: 15 }, round))).toEqual([1, 0.8, 0, 0])
    expect([0, 2].map(round => mixingShare({ kind: 'exponential', base: 0.5 }, round))).toEqual([1, 0.25])
  })

  it('asks the expert where the policy goes, and comes to balance as the expert does', async () => {
    const learner = createDagger(copiesOf(cartPoleWorld, 2), balance, {
      seed: 1,
      mixing: { kind: 'linear', rounds: 2 },
      stepsPerRound: 200,
      gradientsPerRound: 150,
    })
    const points = await trainLearner(learner, { updates: 5 })
    expect(points.map(point => point['expertShare'])).toEqual([1, 0.5, 0, 0, 0])
    expect(points.map(point => point['pairs'])).toEqual([400, 800, 1200, 1600, 2000])
    expect(points[0]['agreement']).toBeNull()
    const { observations, actions } = learner.demonstrations()
    const wanted = new Float64Array(2000)
    balance(observations, wanted)
    expect(Array.from(actions)).toEqual(Array.from(wanted))
    expect(await played(learner, cartPoleWorld)).toBeGreaterThan(400)
  })
})

describe('GAIL', () => {
  const make = (options: Partial<GailOptions> = {}) =>
    createGail(copiesOf(cartPoleWorld, 4), { seed: 1, demonstrations, ...options })

  it('learns to balance from demonstrations alone', async () => {
    const points = await trainLearner(make(), { updates: 15 })
    // a random policy balances for about 22 steps
    expect(points.at(-1)!['averageReturn']).toBeGreaterThan(44)
    expect(points.at(-1)!['logitGradientNorm']).toBeLessThan(1.1)
    const { expertLogit, policyLogit } = points.at(-1)!
    expect(expertLogit).toBeGreaterThan(policyLogit!)
  })

  it('keeps the discriminator’s slope near 1 by the penalty', async () => {
    const discriminator = { learningRate: 2e-3, updates: 60, batchSize: 32 }
    const slopes = [10, 1e-9].map(async penaltyWeight => {
      const learner = make({ discriminator: { ...discriminator, penaltyWeight }, steps: 64, epochs: 1 })
      return (await trainLearner(learner, { updates: 4 })).at(-1)!['logitGradientNorm']!
    })
    const [held, free] = await Promise.all(slopes)
    expect(held).toBeLessThan(1.2)
    expect(free).toBeGreaterThan(1.5 * held)
  })

  it('does without a penalty, and with continuous actions', async () => {
    const [point] = await trainLearner(make({ discriminator: { penaltyWeight: 0 }, steps: 32 }), { updates: 1 })
    expect(point['logitGradientNorm']).toBeNull()
    const world = copiesOf(reacherWorld, 2)
    const options = { seed: 1, demonstrations: reaches, steps: 32, miniBatches: 2, epochs: 1 }
    const learner = createGail(world, {
      ...options,
      reward: 'minimax-plus-non-saturating',
      discriminator: { penaltyPoints: 'dragan' },
    })
    const [reached] = await trainLearner(learner, { updates: 1 })
    expect(reached['imitationReward']).toBeLessThan(1)
  })

  it('refuses demonstrations of another world', () => {
    expect(() => createGail(copiesOf(pendulumWorld, 2), { seed: 1, demonstrations })).toThrow(
      /3 for each of 1000 pairs/,
    )
  })
})

describe.each([
  [
    'DAgger',
    (seed: number, hidden: number[]) =>
      createDagger(copiesOf(cartPoleWorld, 2), balance, {
        seed,
        hidden,
        stepsPerRound: 20,
        gradientsPerRound: 10,
        mixing: { kind: 'exponential', base: 0.5 },
      }),
  ],
  [
    'GAIL',
    (seed: number, hidden: number[]) =>
      createGail(copiesOf(cartPoleWorld, 2), {
        seed,
        hidden,
        demonstrations,
        steps: 16,
        discriminator: { updates: 2 },
      }),
  ],
  [
    'behaviour cloning',
    (seed: number, hidden: number[]) => createBehaviourCloning(demonstrations, { ...cartPoleWorld, seed, hidden }),
  ],
] as const)('%s', (_, make) => {
  it('goes on from a saved state bit for bit', async () => {
    const first: Learner = make(3, [8])
    await trainLearner(first, { updates: 2 })
    const bytes = first.save()
    const rest = await trainLearner(first, { updates: 5 })
    const second: Learner = make(3, [8])
    second.restore(bytes)
    expect(second.save()).toEqual(bytes)
    expect(await trainLearner(second, { updates: 5 })).toEqual(rest)
    expect(second.save()).toEqual(first.save())
  })

  it('refuses the state of another run', () => {
    expect(() => make(3, [8]).restore(make(4, [8]).save())).toThrow(/seed 3; got 4/)
    expect(() => make(3, [8]).restore(make(3, [9]).save())).toThrow(/hidden \[8\]; got \[9\]/)
  })
})

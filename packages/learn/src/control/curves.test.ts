import { readFileSync } from 'node:fs'
import { cartPoleWorld } from '@guerdon/worlds/control/cart-pole'
import { pendulumWorld } from '@guerdon/worlds/control/pendulum'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import { describe, expect, it } from 'vitest'
import { expectRecorded, type RecordedCurve, recording } from '../run/fixtures/recorded-curve.ts'
import { type CurvePoint, trainLearner } from '../run/learner.ts'
import { createA2c } from './a2c.ts'
import type { ControlLearner } from './on-policy.ts'
import { createPpo } from './ppo.ts'

// Curves are recorded anew, whole, with: GUERDON_RECORD=1 npx vitest run packages/learn/src/control/curves.test.ts
// A test follows the start of a curve only. float32 kernels round differently from processor to processor, and one rounding
// can turn into another action, so the comparison ends before that becomes likely.

const solved = (point: CurvePoint): boolean => point['episodes']! >= 100 && point['averageReturn']! >= 475

async function follow(
  file: URL,
  learner: ControlLearner,
  options: { updates: number; compared: number; until?: (point: CurvePoint) => boolean },
) {
  const trained = await trainLearner(learner, {
    updates: recording ? options.updates : options.compared,
    ...(recording && { until: options.until ?? solved }),
  })
  const points = trained.map(({ steps, episodes, averageReturn, loss }) => ({ steps, episodes, averageReturn, loss }))
  expectRecorded(file, { learner: learner.name, settings: learner.settings, points }, 1e-3)
}

const cartPole = (copies: number) => vectorWorld(cartPoleWorld, { copies, seed: 1, autoreset: 'same-step' })

describe('CartPole', () => {
  it('PPO follows its recorded curve, which ends at an average of 475', { timeout: 300_000 }, async () => {
    const file = new URL('golden/ppo-cart-pole.json', import.meta.url)
    await follow(file, createPpo(cartPole(4), { seed: 1 }), { updates: 976, compared: 6 })
    const { points } = JSON.parse(readFileSync(file, 'utf8')) as RecordedCurve
    expect(points.at(-1)!['averageReturn']).toBeGreaterThanOrEqual(475)
  })

  it('A2C follows its recorded curve, which ends at an average of 475', { timeout: 300_000 }, async () => {
    const file = new URL('golden/a2c-cart-pole.json', import.meta.url)
    await follow(file, createA2c(cartPole(16), { seed: 1 }), { updates: 500, compared: 3 })
    const { points } = JSON.parse(readFileSync(file, 'utf8')) as RecordedCurve
    expect(points.at(-1)!['averageReturn']).toBeGreaterThanOrEqual(475)
  })

  it('is learnt by PPO from the start', async () => {
    const points = await trainLearner(createPpo(cartPole(4), { seed: 2 }), { updates: 30 })
    // a random policy balances for about 22 steps
    expect(points.at(-1)!['averageReturn']).toBeGreaterThan(70)
  })
})

describe('Pendulum', () => {
  it('PPO with Gaussian actions follows its recorded curve, which ends at −200', { timeout: 300_000 }, async () => {
    const file = new URL('golden/ppo-pendulum.json', import.meta.url)
    const world = vectorWorld(pendulumWorld, { copies: 8, seed: 1, autoreset: 'same-step' })
    const learner = createPpo(world, { seed: 1, totalSteps: 400_000, steps: 256, gamma: 0.9, learningRate: 1e-3 })
    const until = (point: CurvePoint): boolean => point['averageReturn']! >= -200
    await follow(file, learner, { updates: 195, compared: 2, until })
    const { points } = JSON.parse(readFileSync(file, 'utf8')) as RecordedCurve
    expect(points.at(-1)!['averageReturn']).toBeGreaterThanOrEqual(-200)
  })
})

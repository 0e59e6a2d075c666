import { Random } from '@guerdon/core'
import { interpret, type NdArray, ndarray } from '@guerdon/tensor'
import { cartPoleWorld } from '@guerdon/worlds/control/cart-pole'
import { pendulumWorld } from '@guerdon/worlds/control/pendulum'
import type { WorldDefinition } from '@guerdon/worlds/world/definition'
import { box, discrete } from '@guerdon/worlds/world/space'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import { describe, expect, it } from 'vitest'
import { playEpisodes } from './play-episodes.ts'
import { reluNetwork, sacHead } from './sac-heads.ts'
import { sacPlayer } from './sac-player.ts'
import { compileSacUpdate, initialSacParameters } from './sac-update.ts'

const copiesOf = (definition: WorldDefinition, copies = 2) =>
  vectorWorld(definition, { copies, seed: 1, autoreset: 'same-step' })

describe('heads', () => {
  it('value discrete actions by expectation over all of them', () => {
    const head = sacHead(discrete(2))
    // one layer without inputs that matter: logits (0, ln 3), Q₁ = (1, 5), Q₂ = (2, 4)
    const constant = (outputs: number[]) => [
      { weight: ndarray([outputs.map(() => 0)]), bias: ndarray(Float64Array.from(outputs)) },
    ]
    const critics = [constant([1, 5]), constant([2, 4])]
    const states = ndarray([[7]])
    const { logProb, q1, q2 } = interpret(head.evaluate)(constant([0, Math.log(3)]), critics, states, ndarray([[0]]))
    // π = (¼, ¾): ¼·1 + ¾·4 = 3.25; ¼·ln ¼ + ¾·ln ¾
    expect(q1.data[0]).toBeCloseTo(3.25, 12)
    expect(q2.data[0]).toBeCloseTo(3.25, 12)
    expect(logProb.data[0]).toBeCloseTo(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75), 12)
    const taken = interpret(head.actionValue)(critics[0], states, ndarray(Int32Array.of(1)))
    expect(taken.data[0]).toBe(5)
    expect(head.targetEntropy).toBeCloseTo(0.5 * Math.log(2), 12)
  })

  it('refuse continuous actions without bounds', () => {
    expect(() => sacHead(box([[null, 1]]))).toThrow(/bounds for each entry of an action; entry 0 has none/)
  })
})

describe('a player', () => {
  it('takes the middle of the policy: no noise, and the likelier of few actions', async () => {
    for (const definition of [pendulumWorld, cartPoleWorld]) {
      const world = copiesOf(definition, 3)
      const head = sacHead(world.actionSpace)
      const observationSize = world.observations.length / 3
      const parameters = initialSacParameters(new Random(2), head, { observationSize, hidden: [8], temperature: null })
      const actions = new Float64Array(3)
      await sacPlayer(parameters, world.actionSpace)(world, actions)
      const observations = ndarray(Float32Array.from(world.observations), { shape: [3, observationSize] })
      const outputs = interpret(reluNetwork)(parameters.actor, observations).data
      for (let n = 0; n < 3; n++) {
        const [first, second] = [outputs[2 * n], outputs[2 * n + 1]]
        if (definition === pendulumWorld) expect(actions[n]).toBeCloseTo(2 * Math.tanh(first), 5)
        else expect(actions[n]).toBe(second > first ? 1 : 0)
      }
      const mean = await playEpisodes(definition, sacPlayer(parameters, world.actionSpace), { episodes: 2, seed: 1 })
      expect(Number.isFinite(mean)).toBe(true)
    }
  })
})

describe('an update', () => {
  const head = sacHead(box([[-1, 1]]))
  const options = { gamma: 0.5, tau: 0.25, policyLearningRate: 0, criticLearningRate: 0.1, threads: 1 }
  const row = (...values: number[]): NdArray => ndarray(Float32Array.from(values), { shape: [values.length, 1] })
  const batch = {
    observations: row(0, 1),
    actions: row(0.5, -0.5),
    rewards: ndarray(Float32Array.of(1, 2)),
    nextObservations: row(1, 0),
    terminated: ndarray(Float32Array.of(0, 1)),
  }

  it('learns from r + γ·V of the next state, and from r alone after the end', async () => {
    const graph = compileSacUpdate(head, { ...options, temperature: 1e-9, targetEntropy: -1, actorUpdates: 1 })
    const parameters = initialSacParameters(new Random(1), head, { observationSize: 1, hidden: [], temperature: 1e-9 })
    const valued = (value: number) =>
      [0, 1].map(() => [
        { weight: ndarray(new Float32Array(2), { shape: [2, 1] }), bias: ndarray(Float32Array.of(value)) },
      ])
    const before = graph.initial({ ...parameters, critics: valued(3), targets: valued(4) })
    const { measured } = await graph.step(before, { ...batch, noise: [row(0.3, -0.2)] }, { actor: false })
    // targets 1 + ½·4 = 3 and 2; both critics say 3: 2·mean(0², 1²)
    expect(measured['criticLoss']).toBeCloseTo(1, 5)
    expect(measured['meanValue']).toBe(3)
  })

  it('moves the slow copies by τ, and the critics alone when it is not the actor’s turn', async () => {
    const graph = compileSacUpdate(head, { ...options, temperature: 0.5, targetEntropy: -1, actorUpdates: 1 })
    const before = graph.initial(
      initialSacParameters(new Random(1), head, { observationSize: 1, hidden: [4], temperature: 0.5 }),
    )
    const { trained, measured } = await graph.step(before, { ...batch, noise: [row(0.3, -0.2)] }, { actor: false })
    expect(trained.parameters.actor).toEqual(before.parameters.actor)
    expect(measured['alpha']).toBeCloseTo(0.5, 6)
    const weight = (networks: typeof trained.parameters.critics) => networks[1][0].weight.data
    const [old, fast, slow] = [before.parameters.critics, trained.parameters.critics, trained.parameters.targets].map(
      weight,
    )
    expect(Array.from(fast)).not.toEqual(Array.from(old))
    for (let i = 0; i < old.length; i++) expect(slow[i]).toBeCloseTo(0.75 * old[i] + 0.25 * fast[i], 6)
  })

  it('raises the temperature while the entropy is below its target', async () => {
    const noise = [row(0.3, -0.2), row(0.1, 0.2), row(0.4, 0.3)]
    for (const [targetEntropy, sign] of [
      [50, 1],
      [-50, -1],
    ]) {
      const graph = compileSacUpdate(head, { ...options, temperature: null, targetEntropy, actorUpdates: 1 })
      const before = graph.initial(
        initialSacParameters(new Random(1), head, { observationSize: 1, hidden: [4], temperature: null }),
      )
      const { measured } = await graph.step(before, { ...batch, noise }, { actor: true })
      expect(Math.sign(measured['alpha'] - 1)).toBe(sign)
    }
  })
})

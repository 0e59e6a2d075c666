import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialMeanStd } from '../shared/running-mean-std.ts'
import { finiteMdp } from '../shared/tabular.ts'
import {
  a2cLoss,
  annealedLearningRate,
  baselineAdvantages,
  blockAdvantages,
  dqnLoss,
  epsilonGreedyPolicy,
  explorationRate,
  initialRewardNormaliser,
  learnerSettings,
  normaliseObservation,
  normaliseRewards,
  nStepReturns,
  type PpoBatch,
  potentialShaper,
  potentialStage,
  ppoLoss,
  qLearningUpdate,
  reinforceLosses,
  sacActorLoss,
  sacCriticLoss,
  sacCriticTarget,
  sacTemperatureLoss,
  shapeEpisode,
  shapingInvariance,
  softmaxPolicy,
  squashedGaussian,
  tabularReinforceUpdate,
} from './envs-and-baselines-rl.ts'

const number = fc.double({ min: -3, max: 3, noNaN: true })

describe('advantages', () => {
  it('cut at episode starts and bootstrap at the end of the block', () => {
    // one environment, γ = λ = 1: the second observation starts a new episode
    const { advantages, returns } = blockAdvantages(
      { rewards: [1, 2], values: [0.5, 0.25], dones: [0, 1], nextValue: [4], nextDone: [0] },
      { gamma: 1, lambda: 1 },
    )
    expect([...advantages]).toEqual([0.5, 5.75])
    expect([...returns]).toEqual([1, 6])
  })

  it('bootstraps truncated steps only when told their value', () => {
    const block = { rewards: [1], values: [0], dones: [0], nextValue: [9], nextDone: [1] }
    expect(blockAdvantages(block, { gamma: 0.5 }).advantages[0]).toBe(1)
    expect(blockAdvantages(block, { gamma: 0.5, truncationValues: [4] }).advantages[0]).toBe(3)
    expect(() =>
      blockAdvantages({
        ...block,
        rewards: [1, 1, 1],
        values: [0, 0, 0],
        dones: [0, 0, 0],
        nextValue: [0, 0],
        nextDone: [0, 0],
      }),
    ).toThrow(/multiple of 2/)
  })

  it('with λ = 1 give return minus value, with λ = 0 one-step errors, for several environments as for one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(number, number, number, number), { minLength: 1, maxLength: 8 }),
        number,
        number,
        (steps, a, b) => {
          const block = (column: 0 | 1, next: number) => ({
            rewards: steps.map(s => s[2 * column]),
            values: steps.map(s => s[2 * column + 1]),
            dones: steps.map(() => 0),
            nextValue: [next],
            nextDone: [0],
          })
          const both = {
            rewards: steps.flatMap(s => [s[0], s[2]]),
            values: steps.flatMap(s => [s[1], s[3]]),
            dones: steps.flatMap(() => [0, 0]),
            nextValue: [a, b],
            nextDone: [0, 0],
          }
          const joint = blockAdvantages(both, { lambda: 1 }).advantages
          const first = blockAdvantages(block(0, a), { lambda: 1 }).advantages
          const targets = nStepReturns(block(0, a).rewards, [...block(0, a).values, a], {
            n: 99,
            lastStateIsTerminal: false,
          })
          steps.forEach((s, t) => {
            expect(joint[2 * t]).toBeCloseTo(first[t], 9)
            expect(first[t]).toBeCloseTo(targets[t] - s[1], 9)
          })
        },
      ),
    )
  })

  it('n-step targets end in 0 or in the last value', () => {
    // n = 2, γ = ½: 1 + ½·2 + ¼·V₂ with V₂ = 8; then 2 + ½·end
    expect([...nStepReturns([1, 2], [0, 0, 8], { n: 2, gamma: 0.5 })]).toEqual([2, 2])
    expect([...nStepReturns([1, 2], [0, 0, 8], { n: 2, gamma: 0.5, lastStateIsTerminal: false })]).toEqual([4, 6])
    expect(() => nStepReturns([1], [0])).toThrow(/2 values/)
    expect(baselineAdvantages([1, 1], [1, 1], { gamma: 1 })).toEqual({
      returns: Float64Array.of(2, 1),
      advantages: Float64Array.of(1, 0),
    })
  })
})

describe('losses', () => {
  const batch = {
    newLogProb: [0, 0],
    oldLogProb: [0, 0],
    advantages: [1, -1],
    newValues: [1, 1],
    oldValues: [0, 1],
    returns: [1, 2],
    entropy: [0.5, 0.7],
  }
  const ppo = (options: Parameters<typeof ppoLoss>[1], given = batch) =>
    interpret((b: PpoBatch) => ppoLoss(b, options).loss)(given).data[0]

  it('add up to PPO by hand', () => {
    // ratio 1: policy −mean A = 0; value plain ½·mean(0, 1) = 0.25; clipped: 0 + 0.2 → 0.8² = 0.64, so ½·mean(0.64, 1)
    // = 0.41
    expect(ppo({ normalizeAdvantages: false, clipValueLoss: false })).toBeCloseTo(0.25 * 0.5 - 0.006, 12)
    expect(ppo({ normalizeAdvantages: false })).toBeCloseTo(0.41 * 0.5 - 0.006, 12)
  })

  it('skip normalisation for one step and stay finite for equal advantages', () => {
    const one = {
      newLogProb: [0],
      oldLogProb: [0],
      advantages: [3],
      newValues: [0],
      oldValues: [0],
      returns: [0],
      entropy: [0],
    }
    expect(ppo({}, one)).toBe(-3)
    const equal = { ...batch, advantages: [Math.fround(0.98), Math.fround(0.98)] }
    expect(Math.abs(ppo({ entropyCoefficient: 0, valueCoefficient: 0 }, equal))).toBe(0)
  })

  it('have no gradient where the ratio is clipped', () => {
    const run = interpret(
      valueAndGrad(
        (p: Tensor, a: Tensor) =>
          ppoLoss(
            { newLogProb: p, oldLogProb: a, advantages: a, newValues: a, oldValues: a, returns: a, entropy: a },
            { normalizeAdvantages: false, entropyCoefficient: 0, valueCoefficient: 0 },
          ).loss,
      ),
    )
    // old log-probability and advantage are both 1 here: ratios e⁰·⁵ (clipped) and e⁻⁰·⁵ (not)
    const { gradient } = run([1.5, 0.5], [1, 1])
    expect(gradient.data[0]).toBeCloseTo(0, 12)
    expect(gradient.data[1]).toBeCloseTo(-Math.exp(-0.5) / 2, 12)
  })

  it('hold advantages and targets fixed', () => {
    const actorCritic = interpret(
      valueAndGrad((values: Tensor, rest: Tensor) => a2cLoss({ logProb: rest, values, targets: rest, entropy: rest })),
    )
    // value part only: 0.5·mean((R − v)²) → gradient −(R − v)/B
    expect([...actorCritic([0, 0], [1, 2]).gradient.data]).toEqual([-0.5, -1])
    const reinforce = interpret(valueAndGrad((b: Tensor, g: Tensor) => reinforceLosses(g, b, g).policyLoss))
    expect([...reinforce([0, 0], [1, 2]).gradient.data].map(Math.abs)).toEqual([0, 0])
  })

  it('squash actions into their bounds and count the volume', () => {
    const run = interpret(squashedGaussian)
    const result = run([[0]], [[1]], [[0]], [[-2]], [[2]])
    // tanh 0: action 0; log N = −log σ − ½ log 2π; volume log 2
    const logStd = -5 + 3.5 * (Math.tanh(1) + 1)
    expect(result.action.data[0]).toBe(0)
    expect(result.logProb.data[0]).toBeCloseTo(-logStd - 0.5 * Math.log(2 * Math.PI) - Math.log(2 + 1e-6), 9)
    expect(run([[9]], [[1]], [[0]], [[-2]], [[2]]).action.data[0]).toBeLessThanOrEqual(2)
  })

  it('cut the bootstrap only at termination', () => {
    const target = interpret((r: Tensor, d: Tensor, q: Tensor, l: Tensor) =>
      sacCriticTarget(
        { rewards: r, terminated: d, targetQ1: q, targetQ2: q, nextLogProb: l },
        { alpha: 0.5, gamma: 1 },
      ),
    )
    expect([...target([1, 1], [0, 1], [3, 3], [2, 2]).data]).toEqual([3, 1])
    expect(interpret(sacCriticLoss)([1, 2], [0, 0], [0, 0]).data[0]).toBe(2.5)
    expect(interpret((l: Tensor, q: Tensor) => sacActorLoss(l, q, q, 2))([1], [3]).data[0]).toBe(-1)
    expect(interpret((a: Tensor, l: Tensor) => sacTemperatureLoss(a, l, -1))([0], [3]).data[0]).toBe(-2)
    const dqn = interpret((q: Tensor, a: Tensor, r: Tensor, d: Tensor, n: Tensor) =>
      dqnLoss({ q, actions: a, rewards: r, terminated: d, nextTargetQ: n }, { gamma: 0.5 }),
    )
    // targets 1 + ½·4 and 1; taken 2 and 3 → mean(1, 4)
    expect(
      dqn(
        [
          [2, 0],
          [0, 3],
        ],
        ndarray([0, 1], { dtype: 'int32' }),
        [1, 1],
        [0, 1],
        [
          [1, 4],
          [1, 4],
        ],
      ).data[0],
    ).toBe(2.5)
  })
})

describe('tabular learners', () => {
  const step = (state: number, action: number, reward: number, nextState: number) => ({
    state,
    action,
    reward,
    nextState,
  })

  it('sweep backwards, so one episode carries reward to its start', () => {
    const episode = [step(0, 0, 0, 1), step(1, 0, 1, 2)]
    const options = { actionCount: 1, discount: 1, step: 1 }
    expect([...qLearningUpdate([0, 0, 0], [episode], options)]).toEqual([1, 1, 0])
    expect([...qLearningUpdate([0, 0, 0], [episode], { ...options, order: 'forwards' })]).toEqual([0, 1, 0])
  })

  it('share ties or take the first', () => {
    expect([...epsilonGreedyPolicy([1, 1, 0], 3, { epsilon: 0.3 })].map(p => Math.round(p * 1e9) / 1e9)).toEqual([
      0.45, 0.45, 0.1,
    ])
    expect([...epsilonGreedyPolicy([1, 1, 0], 3, { epsilon: 0, ties: 'first' })]).toEqual([1, 0, 0])
  })

  it('follow the policy gradient of the mean return', () => {
    // one step, return 2, π = ½: θ(a) += 0.1·2·½
    const theta = tabularReinforceUpdate([0, 0], [[{ state: 0, action: 1, reward: 2 }]], {
      actionCount: 2,
      discount: 1,
    })
    expect([...theta]).toEqual([-0.1, 0.1])
    expect([...tabularReinforceUpdate([1, 2], [[]], { actionCount: 2, discount: 1 })]).toEqual([1, 2])
    expect(softmaxPolicy([1000, 0], 2)[0]).toBe(1)
  })

  it('anneal', () => {
    expect(annealedLearningRate(1, 1, 4)).toBe(1)
    expect(annealedLearningRate(1, 4, 4)).toBe(0.25)
    expect(explorationRate(0, 100)).toBe(1)
    expect(explorationRate(90, 100)).toBe(0.05)
    expect(learnerSettings.ppoDiscrete.environments * learnerSettings.ppoDiscrete.steps).toBe(512)
  })
})

describe('normalisers', () => {
  it('divide by the spread of the running return, never centre', () => {
    const { rewards, state } = normaliseRewards(initialRewardNormaliser(2), [1, 100], [0, 1])
    expect(rewards[0]).toBeGreaterThan(0)
    expect(state.returns).toEqual([1, 100])
    const next = normaliseRewards(state, [0, 0], [0, 1], { discount: 0.5 })
    expect(next.state.returns).toEqual([0.5, 0])
    expect(normaliseRewards(initialRewardNormaliser(1), [1e9], [0], { clip: 0.5 }).rewards[0]).toBe(0.5)
    expect([...normaliseObservation(initialMeanStd(2), [0.5, 99])].map(x => Math.round(x * 1e6) / 1e6)).toEqual([
      0.5, 10,
    ])
  })
})

describe('potential-based shaping', () => {
  it('changes the return by γ^T·Φ(s_T) − Φ(s_0), 0 at a terminal', () => {
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 6 }),
        fc.array(number, { minLength: 7, maxLength: 7 }),
        fc.boolean(),
        (rewards, all, terminal) => {
          const potential = all.slice(0, rewards.length + 1)
          const { difference } = shapeEpisode(rewards, potential, { discount: 0.9, lastStateIsTerminal: terminal })
          const end = terminal ? 0 : potential[rewards.length]
          expect(difference).toBeCloseTo(0.9 ** rewards.length * end - potential[0], 9)
        },
      ),
    )
    expect(() => shapeEpisode([1], [0])).toThrow(/2 potentials/)
  })

  it('keeps the greedy policy, where a bonus does not', () => {
    const mdp = finiteMdp({
      transitions: [
        [
          [1, 0],
          [0, 1],
        ],
        [
          [0, 0],
          [1, 1],
        ],
      ],
      rewards: [
        [0, 1],
        [0, 0],
      ],
      discount: 0.9,
    })
    const result = shapingInvariance(mdp, [5, 0])
    expect(result.greedyShaped[0]).toBe(result.greedyOriginal[0])
    expect(result.qShaped[1]).toBeCloseTo(result.qOriginal[1] - 5, 9)
    const bonus = finiteMdp({
      transitions: [
        [
          [1, 0],
          [0, 1],
        ],
        [
          [0, 0],
          [1, 1],
        ],
      ],
      rewards: [
        [1, 1],
        [0, 0],
      ],
      discount: 0.9,
    })
    expect(shapingInvariance(bonus, [0, 0]).greedyOriginal[0]).toBe(0)
  })

  it('shapes transitions: 0 after termination, kept after truncation', () => {
    const transitions = {
      reward: Float64Array.of(0, 0),
      auxiliary: { potential: Float64Array.of(1, 1), nextPotential: Float64Array.of(4, 4) },
      costs: {},
      terminated: Uint8Array.of(1, 0),
      truncated: Uint8Array.of(0, 1),
    }
    expect([...potentialShaper({ discount: 0.5 }).shape(transitions, null).reward]).toEqual([-1, 1])
    expect(() => potentialShaper().shape({ ...transitions, auxiliary: {} }, null)).toThrow(/"potential"/)
  })

  it('shapes turns and bridges a failed potential', async () => {
    const stage = bindStage(potentialStage, { discount: 1 })
    const turn = (potential: number | object, reward: number, done = false) => ({
      action: 'x',
      reward,
      done,
      columns: { potential },
    })
    const failure = { status: 'failed', failure: { class: 'parse', message: 'no state' } }
    const batch = batchFromRollouts([
      { id: 'a', prompt: 'p', turns: [turn(1, 0), turn(3, 0), turn(9, 1, true)] },
      { id: 'b', prompt: 'p', turns: [turn(1, 0), turn(failure, 0), turn(4, 0)] },
    ])
    const { columns } = await stage.apply(batch, null)
    const reward = columns['turn.reward'] as Signal
    expect([...reward.values.subarray(0, 4)]).toEqual([0, 2, -2, 0])
    expect(outcomeAt(reward, 4)).toMatchObject({ status: 'failed', failure: { class: 'parse' } })
    expect(reward.values[5]).toBe(3)
    const known = bindStage(potentialStage, { discount: 1, start: 'zero' })
    expect(((await known.apply(batch, null)).columns['turn.reward'] as Signal).values[0]).toBe(1)
  })
})

import { batchFromRollouts, bindStage, outcomeAt, Random, type Signal } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finiteMdp, shapeRewardTable, valueIteration, withRewards } from '../shared/tabular.ts'
import {
  actionGaps,
  adaptiveDesignCoefficients,
  adaptiveGradientStep,
  adaptiveInformativeness,
  advantageOperator,
  designAdaptive,
  designExprd,
  designedTableShaper,
  discountedAdvantageOperator,
  type ExplorationState,
  exploRsPlan,
  exploRsShaper,
  explorationBonus,
  explorationStage,
  informativeness,
  landmarkReward,
  learnerDistribution,
  lirpgMetaGradient,
  optimalPolicies,
  roundedTable,
  selectActiveStates,
  selfRsUpdate,
  sorsUpdate,
  stateBin,
  teacherQuantities,
  visitDifferenceUpdate,
} from './reward-design-thesis.ts'

/** Cells 0 … n−1 and a terminal; left, right with slip; right in the last cell pays 1 and ends. */
function corridor(cells: number, slip = 0.1, discount = 0.9) {
  const states = cells + 1
  const transitions = Array.from({ length: states }, () => Array.from({ length: states }, () => [0, 0]))
  for (let s = 0; s < cells; s++) {
    const right = s + 1
    const left = Math.max(0, s - 1)
    transitions[s][left][0] += 1 - slip
    transitions[s][right][0] += slip
    transitions[s][right][1] += 1 - slip
    transitions[s][left][1] += slip
  }
  transitions[cells][cells] = [1, 1]
  const rewards = Array.from({ length: states }, (_, s) => [0, s === cells - 1 ? 1 : 0])
  const initial = Array.from({ length: states }, (_, s) => Number(s === 0))
  return finiteMdp({ transitions, rewards, discount, initial })
}

const mdp = corridor(4)
const solution = valueIteration(mdp, { tolerance: 1e-12 })
const gaps = actionGaps(mdp, solution.policy, solution.stochasticPolicy)

describe('EXPRD', () => {
  it('sums H-step advantages with H+1 or H terms', () => {
    const one = advantageOperator(mdp, solution.policy, { horizon: 1, terms: 'exclusive' })
    // one term: the immediate difference only; row (2, left) is R(2, right) − R(2, left)
    const n = mdp.rewards.length
    expect(one[4 * n + 5]).toBe(1)
    expect(one[4 * n + 4]).toBe(-1)
    expect([...advantageOperator(mdp, solution.policy, { horizon: 0 })]).toEqual([...one])
    const long = advantageOperator(mdp, solution.policy, { horizon: 300 })
    const endless = discountedAdvantageOperator(mdp, solution.policy)
    for (let i = 0; i < long.length; i++) expect(long[i]).toBeCloseTo(endless[i], 8)
  })

  it('finds potential shaping by V* perfectly informative, and the sparse reward not', () => {
    const shaped = shapeRewardTable(mdp, solution.v)
    expect(informativeness(mdp, shaped, solution.policy, gaps, { horizons: [1, 4] })).toBeCloseTo(0, 9)
    const sparse = informativeness(mdp, mdp.rewards, solution.policy, gaps, { horizons: [1, 4] })
    expect(sparse).toBeLessThan(-0.01)
    // the exponential of nothing missing is 1: never better than −1 for each state
    expect(informativeness(mdp, shaped, solution.policy, gaps, { horizons: [1], shape: 'exponential' })).toBeCloseTo(
      -1,
      9,
    )
  })

  it('designs tables under which the target policy stays optimal with its gap', () => {
    for (const options of [
      {},
      { activeStates: [3, 1] },
      { shape: 'linear', over: 'sum' },
      { shape: 'exponential', over: 'sum', horizons: [1, 4] },
      { sparsityWeight: 0.01 },
      { gapOf: 'state-action' },
      { terms: 'exclusive' },
    ] as const) {
      const design = designExprd(mdp, { rMax: 1, horizons: [1, 4], ...options })
      expect(design.feasible).toBe(true)
      if (!design.feasible) continue
      const designed = withRewards(mdp, design.rewards)
      const again = valueIteration(designed, { tolerance: 1e-12 })
      expect([...again.policy.subarray(0, 4)]).toEqual([1, 1, 1, 1])
      const kept = actionGaps(designed, solution.policy, solution.stochasticPolicy)
      kept.forEach((gap, s) => {
        expect(gap).toBeGreaterThanOrEqual(gaps[s] / (1 + 1e-5) - 1e-7)
      })
      expect(Math.max(...design.rewards.map(Math.abs))).toBeLessThanOrEqual(1 + 1e-9)
      if ('activeStates' in options)
        expect([...design.rewards.subarray(0, 2), ...design.rewards.subarray(4, 6)]).toEqual([0, 0, 0, 0])
    }
  })

  it('says when the active states cannot carry it, and asks less in the weak form', () => {
    expect(designExprd(mdp, { rMax: 1, activeStates: [0] })).toEqual({ feasible: false })
    const strong = designExprd(mdp, { rMax: 1, activeStates: [3] })
    const weak = designExprd(mdp, { rMax: 1, activeStates: [3], optimality: 'weak', weakGap: 1e-3 })
    expect(strong.feasible && weak.feasible && weak.objective <= strong.objective).toBe(true)
    const stateOnly = designExprd(mdp, { rMax: 1, stateOnly: true, optimality: 'weak', weakGap: 1e-4 })
    if (stateOnly.feasible)
      for (let s = 0; s < 5; s++) expect(stateOnly.rewards[2 * s]).toBe(stateOnly.rewards[2 * s + 1])
    expect(() => designExprd(mdp, { activeStates: [9] })).toThrow(/active states in \[0, 5\)/)
  })

  it('keeps every tied policy optimal when told of them', () => {
    expect(optimalPolicies([0.5, 0.5, 0, 1], 2).map(p => [...p])).toEqual([
      [0, 1],
      [1, 1],
    ])
    expect(() => optimalPolicies(new Float64Array(20).fill(0.5), 2, { limit: 8 })).toThrow(/at most 8/)
    const policies = optimalPolicies(solution.stochasticPolicy, 2)
    expect(policies).toHaveLength(2)
    const design = designExprd(mdp, { rMax: 1, horizons: [1, 4], policies })
    expect(design.feasible && design.objective).toBeCloseTo(0, 9)
    expect([...roundedTable([1e-11, 0.123456789])]).toEqual([0, 0.12345679])
  })

  it('selects states greedily without ever getting worse, and a facility term spreads them', () => {
    const picked = selectActiveStates(mdp, {
      initialActiveStates: [3],
      candidateStates: [0, 1, 2],
      budget: 2,
      rMax: 1,
      horizons: [1, 4],
    })
    expect(picked.states[0]).toBe(3)
    const values = picked.objectives as number[]
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeLessThanOrEqual(values[i - 1] + 1e-9)
    const facility = selectActiveStates(mdp, {
      initialActiveStates: [3],
      candidateStates: [0, 1, 2],
      budget: 1,
      rMax: 1,
      horizons: [1, 4],
      facilityWeight: 1e6,
      distance: (a, b) => Math.abs(a - b),
    })
    // Σ_s min distance: picking 0 leaves 0+1+1+0, picking 1 leaves 1+0+1+0: equal, the first wins
    expect(facility.states).toEqual([3, 0])
    expect(() =>
      selectActiveStates(mdp, { initialActiveStates: [3], candidateStates: [0], budget: 1, facilityWeight: 1 }),
    ).toThrow(/distance/)
    expect([...landmarkReward(mdp, solution.policy, [1], 2).subarray(2, 4)]).toEqual([-2, 2])
  })
})

/** The discrete line with a key: 10 cells, the same 10 with the key, a terminal; the key lies in cell 1, the goal is the last cell. */
function lineWithKey() {
  const states = 21
  const transitions = Array.from({ length: states }, () => Array.from({ length: states }, () => [0, 0, 0]))
  const left = (s: number) => (s === 0 ? 20 : s === 10 ? 10 : s - 1)
  const right = (s: number) => (s === 9 ? 9 : s === 19 ? 20 : s + 1)
  for (let s = 0; s < 20; s++) {
    const sure = s === 0 ? 0 : s === 19 ? 1 : undefined
    for (const [action, wanted, other] of [
      [0, left(s), right(s)],
      [1, right(s), left(s)],
    ]) {
      transitions[s][wanted][action] += sure === action ? 1 : 0.9
      if (sure !== action) transitions[s][other][action] += 0.1
    }
    transitions[s][s === 1 ? 10 : s][2] = 1
  }
  transitions[20][20] = [1, 1, 1]
  const rewards = Array.from({ length: states }, (_, s) => [0, s === 19 ? 10 : 0, 0])
  return finiteMdp({ transitions, rewards, discount: 0.95 })
}

describe('the line with a key', () => {
  it('has the objectives that were found for it, and its key is the first state chosen', () => {
    const selection = selectActiveStates(lineWithKey(), {
      initialActiveStates: [19],
      candidateStates: [0, 1, 2, 9, 10, 18],
      budget: 1,
    })
    expect(selection.states).toEqual([19, 1])
    expect(selection.objectives[0]).toBeCloseTo(0.122, 3)
    expect(selection.objectives[1]).toBeCloseTo(0.067, 3)
  })
})

describe('ExpAdaRD', () => {
  const uniform = new Float64Array(10).fill(0.5)
  const teacher = teacherQuantities(mdp, solution.stochasticPolicy)

  it('is linear in the reward with the stated coefficients', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 10, maxLength: 10 }), rewards => {
        const coefficients = adaptiveDesignCoefficients(mdp, uniform, teacher)
        const direct = adaptiveInformativeness(mdp, rewards, uniform, teacher).designObjective
        expect(rewards.reduce((sum, r, i) => sum + r * coefficients[i], 0)).toBeCloseTo(direct, 10)
      }),
      { numRuns: 20 },
    )
  })

  it('gives the optimum advantage 0 and a distribution that sums to 1', () => {
    for (let s = 0; s < 4; s++) expect(teacher.advantage[2 * s + 1]).toBeCloseTo(0, 9)
    expect(teacher.stateDistribution.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
    expect(learnerDistribution(mdp, uniform).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
  })

  it('beats an arbitrary feasible table, also through features', () => {
    const adaptive = designAdaptive(mdp, uniform, { rMax: 1 })
    const feasible = designAdaptive(mdp, uniform, { rMax: 1, teacher: 'invariance' })
    expect(adaptive.feasible && feasible.feasible).toBe(true)
    if (!adaptive.feasible || !feasible.feasible) return
    expect(adaptive.objective).toBeGreaterThanOrEqual(
      adaptiveInformativeness(mdp, feasible.rewards, uniform, teacher).designObjective - 1e-9,
    )
    const features = Array.from({ length: 10 }, (_, row) => [Number(row % 2 === 1), Number(row === 7)])
    const small = designAdaptive(mdp, uniform, { rMax: 1, features })
    expect(small.feasible).toBe(true)
    if (!small.feasible) return
    expect(small.objective).toBeLessThanOrEqual(adaptive.objective + 1e-9)
    expect(small.rewards[1]).toBeCloseTo(small.rewards[3], 9)
    expect(small.rewards[0]).toBe(0)
  })

  it('can climb without a model', () => {
    const table = adaptiveGradientStep(
      new Float64Array(10),
      [{ state: 2, action: 1, probabilities: [0.5, 0.5] }],
      teacher,
    )
    expect(table[5]).toBeGreaterThan(0)
    expect(table[4]).toBeCloseTo(-table[5], 12)
    expect(adaptiveGradientStep(new Float64Array(10).fill(3), [], teacher)[0]).toBe(1)
  })
})

describe('ExploRS and its rivals', () => {
  it('pays rarely seen states, never the terminal one', () => {
    expect(explorationBonus(0, 0)).toBe(1)
    expect(explorationBonus(0, 3)).toBe(0.5)
    expect(explorationBonus(0, 0, { lambda: 0.5, maximum: 2 })).toBe(2)
    expect(explorationBonus(4, 0, { terminalState: 4 })).toBe(0)
    expect(() => explorationBonus(0, -1)).toThrow(/visits/)
  })

  const half = [0.5, 0.5]

  it('moves φ by the frozen error and V by the mean error', () => {
    // one step, G = 1, V = 0: q = ½; φ(s,a) += 0.01·(½ − ¼), φ(s,b) −= 0.01·¼; V += 0.01·1
    const result = selfRsUpdate([0, 0], [0], [[{ state: 0, action: 0, probabilities: half, reward: 1 }], []], {
      discount: 0.9,
    })
    expect(result.phi[0]).toBeCloseTo(0.0025, 14)
    expect(result.phi[1]).toBeCloseTo(-0.0025, 14)
    expect(result.value[0]).toBeCloseTo(0.01, 14)
    const nothing = selfRsUpdate([0.3], [0.2], [], { discount: 0.9 })
    expect([...nothing.phi, ...nothing.value]).toEqual([0.3, 0.2])
    expect([...selfRsUpdate([0.3, -2], [0], [], { discount: 0.9, clip: 0.1 }).phi]).toEqual([0.1, -0.1])
  })

  it('fits order, and stays finite for huge returns', () => {
    const good = [{ state: 0, action: 0, reward: 1 }]
    const bad = [{ state: 0, action: 1, reward: 0 }]
    // one pair, difference 0: σ = ½; φ(0,0) += 0.01·½
    expect([...sorsUpdate([0, 0], [good, bad], { discount: 0.9, actionCount: 2 })]).toEqual([0.005, -0.005])
    expect([...sorsUpdate([1e4, -1e4], [good, bad], { discount: 0.9, actionCount: 2 })]).toEqual([1e4, -1e4])
    expect([...sorsUpdate([1, 2], [good, good], { discount: 0.9, actionCount: 2 })]).toEqual([1, 2])
    const many = Array.from({ length: 6 }, (_, i) => [{ state: 0, action: i % 2, reward: i }])
    expect(() => sorsUpdate([0, 0], many, { discount: 1, actionCount: 2 })).toThrow(/random/)
    const drawn = sorsUpdate([0, 0], many, { discount: 1, actionCount: 2, random: new Random(3) })
    expect([...drawn]).toEqual([...sorsUpdate([0, 0], many, { discount: 1, actionCount: 2, random: new Random(3) })])
  })

  it('plans updates, bins states and compares visits', () => {
    expect([4, 5, 9].map(i => exploRsPlan(i))).toEqual([
      { updateReward: true, updatePolicy: false },
      { updateReward: false, updatePolicy: true },
      { updateReward: true, updatePolicy: true },
    ])
    expect(stateBin([0.3, -0.05])).toEqual([3, -1])
    // visits of (0,0): 1 + ½ after the action, none after the draw: 0.01·½·2·1.5
    const visit = { state: 0, action: 0, probability: 0.5, error: 2 }
    const paths = { afterAction: { states: [0, 0], actions: [0, 0] }, afterDraw: { states: [0], actions: [1] } }
    const phi = visitDifferenceUpdate([0, 0], [[{ ...visit, ...paths }]], { discount: 0.5, actionCount: 2 })
    expect([...phi]).toEqual([0.015, 0])
  })

  it('has the meta-gradient of finite differences', () => {
    const theta = [
      [0.2, -0.1],
      [0.4, 0.3],
    ]
    const inner = { states: [0, 1, 0], actions: [1, 0, 0], rewards: [0.5, -1, 2] }
    const outer = { states: [1, 0], actions: [0, 1], rewards: [1, 0.3] }
    const options = { discount: 0.9, lambda: 0.7, step: 0.2 }
    const eta = [0.1, -0.2, 0.3, 0]
    const { gradient } = lirpgMetaGradient(theta, eta, inner, outer, options)
    // outer surrogate Σ log π_{θ′}(a′|s′)·G′
    const surrogate = (table: number[]) => {
      const updated = lirpgMetaGradient(theta, table, inner, outer, options).theta
      const returns = [1 + 0.9 * 0.3, 0.3]
      return outer.states.reduce((sum, s, t) => {
        const row = updated.subarray(2 * s, 2 * s + 2)
        return sum + returns[t] * (row[outer.actions[t]] - Math.log(Math.exp(row[0]) + Math.exp(row[1])))
      }, 0)
    }
    eta.forEach((_, i) => {
      const up = eta.map((x, j) => (j === i ? x + 1e-5 : x))
      const down = eta.map((x, j) => (j === i ? x - 1e-5 : x))
      expect(gradient[i]).toBeCloseTo((surrogate(up) - surrogate(down)) / 2e-5, 6)
    })
  })
})

describe('shapers and stage', () => {
  const transitions = {
    reward: Float64Array.of(0, 1),
    auxiliary: {},
    costs: {},
    terminated: Uint8Array.of(0, 1),
    truncated: new Uint8Array(2),
    states: Int32Array.of(0, 0),
    nextStates: Int32Array.of(0, 1),
    actions: Int32Array.of(1, 0),
  }

  it('reads the bonus before counting, and keeps parts apart', () => {
    const shaper = exploRsShaper({ stateCount: 2, actionCount: 2, intrinsic: [0.1, 0.2, 0, 0], terminalState: 1 })
    const { reward, components, state } = shaper.shape(transitions, shaper.initial())
    expect([...components['bonus']]).toEqual([1, 0])
    expect(reward[0]).toBeCloseTo(1.2, 12)
    expect(reward[1]).toBeCloseTo(1.1, 12)
    expect(state.visits).toEqual([2, 0])
    expect([...designedTableShaper([5, 6, 7, 8], 2).shape(transitions, null).reward]).toEqual([6, 5])
    expect(() => shaper.shape({ ...transitions, states: Int32Array.of(0, 9) }, state)).toThrow(/step 1 has 9/)
  })

  it('fades over turns and batches, and abstains without a state', async () => {
    const stage = bindStage(explorationStage, {})
    const turn = (state: string | undefined, reward = 0) => ({
      action: 'x',
      reward,
      ...(state !== undefined && { state }),
    })
    const batch = batchFromRollouts([
      { id: 'a', prompt: 'p', turns: [turn('start'), turn('hall', 1), turn('hall')] },
      { id: 'b', prompt: 'p', turns: [turn('start'), turn(undefined), turn('hall')] },
    ])
    const first = await stage.apply(batch, stage.initial())
    const bonus = first.columns['turn.rewardDesignThesisBonus'] as Signal
    // start → hall: hall unseen, 1; hall → hall: seen 0 times when read, 1; last turn 0; then start → (unknown) 0
    expect([...bonus.values.subarray(0, 4)]).toEqual([1, 1, 0, 0])
    expect(outcomeAt(bonus, 4)).toMatchObject({ status: 'abstained' })
    expect((first.columns['turn.reward'] as Signal).values[1]).toBe(2)
    const saved = JSON.parse(JSON.stringify(first.state)) as ExplorationState
    expect(saved.visits['"hall"']).toBe(3)
    const again = await stage.apply(batch, saved)
    expect((again.columns['turn.rewardDesignThesisBonus'] as Signal).values[0]).toBe(0.5)
  })
})

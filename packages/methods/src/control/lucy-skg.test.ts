import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, type NdArray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aerialTouch,
  annealRewards,
  arena,
  ballAlignment,
  ballProgress,
  ballToGoalDifference,
  ballToGoalDistance,
  classifyRewards,
  componentShares,
  crossAttention,
  distanceWeightedAlignment,
  distributeTeamSpirit,
  eventReward,
  goalBack,
  goalDepth,
  gridPositions,
  kineticCombination,
  kineticShaper,
  lstmLast,
  lucySkgStage,
  multiplyRewards,
  nectoReward,
  noPressure,
  observationSequences,
  offensivePotential,
  playerToBallDistance,
  potentialDifferences,
  pressureRelease,
  pressureStep,
  reconstructionTarget,
  rewardMap,
  rewardPredictionHead,
  sequentialRewards,
  signedBallToGoalDistance,
  stateReconstructionHead,
  stateReconstructionLoss,
  touchAcceleration,
  velocityToBall,
} from './lucy-skg.ts'

const unit = fc.double({ min: -1, max: 1, noNaN: true })

function leavesOf(tree: unknown): NdArray[] {
  if (typeof tree !== 'object' || tree === null) return []
  return 'data' in tree ? [tree as NdArray] : Object.values(tree).flatMap(leavesOf)
}

describe('kinetic combination', () => {
  it('is a signed geometric mean; two negatives do not make a positive', () => {
    expect(kineticCombination([0.25, 1])).toBe(0.5)
    expect(kineticCombination([-0.25, -1])).toBe(-0.5)
    expect(kineticCombination([-0.5, 0, 1])).toBe(0)
    expect(kineticCombination([-0.25, 1], { signed: [false, true] })).toBe(0.5)
    expect(() => kineticCombination([])).toThrow(/at least one/)
    expect(() => kineticCombination([Number.NaN])).toThrow(/finite/)
  })

  it('lies between the smallest and largest component, does not depend on order, and is never positive with a negative one', () => {
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 5 }), components => {
        const value = kineticCombination(components)
        const sizes = components.map(Math.abs)
        expect(Math.abs(value)).toBeLessThanOrEqual(Math.max(...sizes) + 1e-12)
        if (value !== 0) expect(Math.abs(value)).toBeGreaterThanOrEqual(Math.min(...sizes) - 1e-12)
        expect(kineticCombination([...components].reverse())).toBeCloseTo(value, 12)
        if (components.some(c => c < 0)) expect(value).toBeLessThanOrEqual(0)
      }),
    )
  })
})

describe('utilities', () => {
  const ball = [0, 0, arena.ballRadius]

  it('are 1 at contact and at the goal line, and shrink with distance', () => {
    expect(playerToBallDistance([arena.ballRadius, 0, arena.ballRadius], ball)).toBeCloseTo(1, 12)
    expect(playerToBallDistance([arena.ballRadius + 2300, 0, arena.ballRadius], ball)).toBeCloseTo(Math.exp(-0.5), 12)
    expect(playerToBallDistance([arena.ballRadius + 2300, 0, arena.ballRadius], ball, { density: 2 })).toBeCloseTo(
      Math.exp(-0.25),
      12,
    )
    const goal = goalBack('blue', 'opponent')
    expect(ballToGoalDistance([0, 6000 - goalDepth, goal[2]], goal)).toBeCloseTo(1, 12)
    expect(Math.abs(signedBallToGoalDistance([4096, 0, 93], goal))).toBeLessThan(0.01)
    expect(ballToGoalDifference([0, 0, 500])).toBeCloseTo(0, 12)
    expect(ballProgress([0, arena.backWall + arena.ballRadius, 0], { team: 'orange' })).toBe(-1)
  })

  it('mirror between the teams', () => {
    const player = [100, -900, 17]
    const mirrored = [100, 900, 17]
    expect(ballAlignment(mirrored, ball, { team: 'orange' })).toBeCloseTo(ballAlignment(player, ball), 12)
    expect(goalBack('orange', 'own')).toEqual(goalBack('blue', 'opponent'))
  })

  it('guard a player inside the ball', () => {
    expect(velocityToBall(ball, [100, 0, 0], ball)).toBe(0)
    expect(ballAlignment(ball, ball)).toBeCloseTo(0, 12)
    const { value, distance } = offensivePotential(ball, [100, 0, 0], ball)
    expect(distance).toBeGreaterThan(1)
    expect(Math.abs(value)).toBe(0)
    expect(distanceWeightedAlignment([0, -500, 93], ball)).toBeGreaterThan(0)
  })

  it('pay touches by height and by acceleration towards the goal', () => {
    expect(aerialTouch([0, 0, arena.ceiling], true, { weight: 2 })).toBe(2)
    expect(aerialTouch([0, 0, arena.ceiling], false)).toBe(0)
    const goal = [0, 1000, 0]
    const now = { position: [0, 0, 0], velocity: [0, 2300, 0] }
    expect(touchAcceleration(now, undefined, goal, true)).toBeCloseTo(1, 9)
    expect(touchAcceleration(now, { position: [0, 0, 0], velocity: [0, 1150, 0] }, goal, true)).toBeCloseTo(0.5, 9)
    expect(touchAcceleration(now, undefined, goal, false)).toBe(0)
  })
})

describe('shaping and sharing', () => {
  it('telescopes with γ = 1', () => {
    expect([...potentialDifferences([1, 3, 2], { discount: 1 })]).toEqual([2, -1])
    expect([...potentialDifferences([1, 3, 2], { discount: 1, negativeSlope: 0.5 })]).toEqual([2, -0.5])
    expect(potentialDifferences([])).toHaveLength(0)
  })

  it('is zero-sum in 1-v-1 and keeps a lone team finite', () => {
    const [a, b] = distributeTeamSpirit(
      [
        [1, 2],
        [3, -1],
      ],
      [0, 1],
    )
    expect([...a]).toEqual([-2, 3])
    expect(b[0] + a[0]).toBeCloseTo(0, 12)
    expect(b[1]).toBeCloseTo(-3, 12)
    // τ = 0.3: 0.3·2 + 0.7·1 = 1.3
    expect(distributeTeamSpirit([[1], [3]], [0, 0])[0][0]).toBeCloseTo(1.3, 12)
    expect(() => distributeTeamSpirit([[1], [1, 2]], [0, 1])).toThrow(/player 1 has 2/)
  })

  it('pays events that rise and pressure that is released soon', () => {
    expect(eventReward({ goal: 10, concede: -5 }, { goal: 1, concede: 1 }, { goal: 2, concede: 0 })).toBe(10)
    expect(pressureRelease({ frames: 0, sum: 0 })).toBe(0)
    expect(pressureRelease({ frames: 2, sum: 2 }, { minFrames: 3 })).toBe(0)
    // one frame: mean 0.25, inverted 0.75, no haste lost
    expect(pressureRelease({ frames: 1, sum: 0.25 }, { inverted: true })).toBe(0.75)
    const frame = { ballDistance: 1000, attackersInside: 1, defendersInside: 0, released: false }
    const held = pressureStep(noPressure, frame)
    expect(held).toEqual({ state: { frames: 1, sum: 1 }, reward: 0 })
    expect(pressureStep(held.state, { ...frame, released: true }).state).toEqual(noPressure)
    expect(pressureStep(held.state, { ...frame, ballDistance: 9000 }).state).toEqual(noPressure)
  })

  it('combines like the baseline it beats', () => {
    const before = { goalDistance: 0, distance: 0, align: 0, boost: 0.5 }
    const after = { goalDistance: 0.1, distance: 0.2, align: 0, boost: 0 }
    // 10·0.1 + 0.5·0.2 + 0.7·(−0.5)
    expect(nectoReward(before, after, { goal: 0 })).toBeCloseTo(0.75, 12)
    expect(multiplyRewards([2, 3])).toBe(6)
    expect(annealRewards([0, 10], [0, 100], 25)).toBe(2.5)
    expect(sequentialRewards([1, 2], [0, 100], 100)).toBe(2)
    expect(() => annealRewards([1, 2], [5, 5], 0)).toThrow(/ascending/)
  })
})

describe('analysis', () => {
  it('draws maps, and KRC is never positive with a negative component', () => {
    const grid = gridPositions({ quarterSplit: 4 })
    const ball = [0, 0, 93]
    const map = rewardMap(grid, position => offensivePotential(position, [0, 1500, 0], ball).value)
    const at = (i: number) => offensivePotential(grid.subarray(3 * i, 3 * i + 3), [0, 1500, 0], ball)
    for (let i = 0; i < map.values.length; i++)
      if (map.values[i] > 0) expect(Math.min(at(i).alignment, at(i).velocityToBall)).toBeGreaterThan(0)
    expect(Math.min(at(map.best).alignment, at(map.best).velocityToBall, at(map.best).distance)).toBeGreaterThanOrEqual(
      0.5,
    )
    expect(map.saturation).toBeLessThan(0.5)
    expect(componentShares({ a: [3, -1], b: [1, 0] })).toEqual({ a: 0.8, b: 0.2 })
  })
})

describe('auxiliary tasks', () => {
  it('classify and pad without crossing episodes', () => {
    expect([...classifyRewards([0.01, -0.01, 0.005])]).toEqual([0, 1, 2])
    const { values } = observationSequences([[1], [2], [3]], [1, 0, 1], { length: 2 })
    expect([...values]).toEqual([0, 1, 1, 2, 0, 3])
  })

  it('measure smooth L1', () => {
    // ½·0.25 and 2 − ½
    expect(interpret(stateReconstructionLoss)([0, 0], [0.5, 2]).data[0]).toBeCloseTo((0.125 + 1.5) / 2, 12)
  })

  const affine = (out: number, inputs: number, seed: number) => ({
    weight: Array.from({ length: out }, (_, i) => Array.from({ length: inputs }, (_, j) => Math.sin(seed + 3 * i + j))),
    bias: Array.from({ length: out }, (_, i) => 0.1 * i),
  })
  const attention = {
    query: affine(4, 3, 1),
    entities: affine(4, 2, 2),
    toQueries: affine(4, 4, 3),
    toKeys: affine(4, 4, 4),
    toValues: affine(4, 4, 5),
    toOutput: affine(4, 4, 6),
    scale: [1, 1, 1, 1],
    shift: [0, 0, 0, 0],
  }
  type Attention = Parameters<typeof crossAttention>[0]

  it('attend to entities in any order', () => {
    const run = interpret((p: Attention, q: Tensor, e: Tensor) => crossAttention(p, q, e, { heads: 2 }))
    const one = run(
      attention,
      [[1, 0, -1]],
      [
        [
          [1, 2],
          [3, -1],
        ],
      ],
    )
    const other = run(
      attention,
      [[1, 0, -1]],
      [
        [
          [3, -1],
          [1, 2],
        ],
      ],
    )
    expect(one.shape).toEqual([1, 4])
    for (let i = 0; i < 4; i++) expect(other.data[i]).toBeCloseTo(one.data[i], 10)
    expect(Array.from(one.data).reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 9)
  })

  it('remember with one LSTM cell as by hand', () => {
    // all weights 0: gates ½; a candidate bias of 1 gives ½·tanh 1 in the cell
    const zero = { weight: [[0], [0], [0], [0]], bias: [0, 0, 1, 0] }
    const still = { weight: [[0], [0], [0], [0]], bias: [0, 0, 0, 0] }
    const run = interpret((p: Parameters<typeof lstmLast>[0], x: Tensor) => lstmLast(p, x))
    const cell = 0.5 * Math.tanh(1)
    const hidden = run({ input: zero, recurrent: still } as never, [[[1]]])
    expect(hidden.data[0]).toBeCloseTo(0.5 * Math.tanh(cell), 12)
  })

  it('train both heads: every parameter gets a gradient', () => {
    const parameters = {
      attention,
      lstm: { input: affine(8, 4, 7), recurrent: affine(8, 2, 8) },
      classes: affine(3, 2, 9),
    }
    const queries = [
      [
        [1, 0, 2],
        [0, 1, 1],
      ],
      [
        [2, -1, 0],
        [1, 1, 1],
      ],
    ]
    const entities = queries.map(rows =>
      rows.map((row, k) => [
        [row[0], k],
        [row[1], 1],
      ]),
    )
    type Rp = Parameters<typeof rewardPredictionHead>[0]
    const run = interpret(
      valueAndGrad((p: Rp, q: Tensor, e: Tensor, y: Tensor) =>
        stateReconstructionLoss(rewardPredictionHead(p, q, e, { heads: 2 }), y),
      ),
    )
    const { value, gradient } = run(parameters as never, queries, entities, [
      [1, 0, 0],
      [0, 1, 0],
    ])
    expect(Number.isFinite(value.data[0])).toBe(true)
    for (const leaf of leavesOf(gradient)) expect(Array.from(leaf.data).every(Number.isFinite)).toBe(true)
    const trained = leavesOf(gradient).filter(leaf => Array.from(leaf.data).some(x => x !== 0))
    // attention biases of the keys shift all scores alike and have none
    expect(trained.length).toBeGreaterThanOrEqual(leavesOf(gradient).length - 1)

    const layers = [
      { ...affine(3, 4, 10), scale: [1, 1, 1], shift: [0.1, 0.2, 0.3] },
      { ...affine(5, 3, 11), scale: [1, 1, 1, 1, 1], shift: [1, 1, 1, 1, 1] },
    ]
    type Sr = Parameters<typeof stateReconstructionHead>[0]
    const reconstruct = interpret((p: Sr, q: Tensor, e: Tensor) => ({
      released: stateReconstructionHead(p, q, e, { heads: 2 }),
      free: stateReconstructionHead(p, q, e, { heads: 2, outputActivation: 'none' }),
      target: reconstructionTarget(q, e),
    }))
    const made = reconstruct(
      { attention, layers } as never,
      [
        [1, 0, 2],
        [0, 1, 1],
      ],
      [[[1, 2]], [[3, 4]]],
    )
    expect(made.target.shape).toEqual([2, 5])
    expect(Math.min(...made.released.data)).toBeGreaterThanOrEqual(0)
    // batch norm: each output column has mean = shift
    expect((made.free.data[0] + made.free.data[5]) / 2).toBeCloseTo(1, 9)
  })

  it('refuses sequences of no length and starts that do not fit', () => {
    expect(() => observationSequences([[1]], [1], { length: 0 })).toThrow(/length/)
    expect(() => observationSequences([[1]], [1, 0])).toThrow(/same length/)
  })
})

describe('stage', () => {
  const turn = (a: number | object, b: number, reward: number, done = false) => ({
    action: 'x',
    reward,
    done,
    columns: { align: a, speed: b },
  })
  const failure = { status: 'failed', failure: { class: 'sandbox', message: 'crash' } }
  const batch = batchFromRollouts([
    { id: 'a', prompt: 'p', turns: [turn(0.25, 1, 0), turn(1, 1, 0), turn(1, 1, 1, true)] },
    { id: 'b', prompt: 'p', turns: [turn(0.25, 1, 0), turn(failure, 1, 0), turn(1, 1, 0)] },
  ])
  const options = { components: [{ column: 'align' }, { column: 'speed', signed: false }], discount: 1 }

  it('pays changes, ends at potential 0, and bridges a failed turn', async () => {
    const stage = bindStage(lucySkgStage, options)
    const { columns } = await stage.apply(batch, stage.initial())
    const shaping = columns['turn.lucySkgShaping'] as Signal
    expect([...shaping.values.subarray(0, 4)]).toEqual([0, 0.5, -1, 0])
    expect(outcomeAt(shaping, 4)).toMatchObject({ status: 'failed', failure: { class: 'sandbox' } })
    expect(shaping.values[5]).toBe(0.5)
    expect((columns['turn.reward'] as Signal).values[2]).toBe(0)
    const kept = bindStage(lucySkgStage, { ...options, terminalPotential: 'keep' })
    expect(((await kept.apply(batch, null)).columns['turn.reward'] as Signal).values[2]).toBe(1)
  })

  it('does the same on transitions, across batches', () => {
    const shaper = kineticShaper([{ channel: 'align' }, { channel: 'speed', signed: false }], { discount: 1 })
    const part = (align: number[], terminated: number[], start: number[]) => ({
      reward: new Float64Array(align.length),
      auxiliary: { align: Float64Array.from(align), speed: new Float64Array(align.length).fill(1) },
      costs: {},
      terminated: Uint8Array.from(terminated),
      truncated: new Uint8Array(align.length),
      episodeStart: Uint8Array.from(start),
    })
    const first = shaper.shape(part([0.25, 1], [0, 0], [1, 0]), shaper.initial())
    expect([...first.reward]).toEqual([0, 0.5])
    const second = shaper.shape(part([1, 0.25], [1, 0], [0, 1]), first.state)
    expect([...second.reward]).toEqual([-1, 0])
  })
})

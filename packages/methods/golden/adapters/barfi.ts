import {
  type AlignmentVariant,
  alignedGamma,
  alignedReward,
  type BarfiMode,
  controllerReward,
  controllerVote,
  type HypergradientOptions,
  hypergradient,
  initialController,
  linearSoftmaxPolicy,
  neumannInverseProduct,
  policyObjective,
  potentialShapedReturns,
} from '@guerdon/methods/control/barfi'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import { type MazeHeuristic, mazeStart, mazeStep } from '@guerdon/worlds/control/unit-maze'
import type { Adapters } from '../adapter.ts'
import { row, rows, scalar } from '../nested.ts'

interface Batch {
  stateFeatures: number[][][]
  actions: number[][]
  primaryRewards: number[][]
  auxRewards: number[][]
  mask: number[][]
}

interface Parameters {
  policyWeight: number[][]
  policyBias: number[]
  rewardWeight: number[][]
  rewardBias: number[]
  gammaParam: number
  primaryGamma: number
  entropyCoef: number
}

const batchOf = (batch: Batch) => ({
  features: batch.stateFeatures,
  actions: ndarray(batch.actions, { dtype: 'int32' }),
  primary: batch.primaryRewards,
  auxiliary: batch.auxRewards,
  mask: batch.mask,
})

const thetaOf = (input: Parameters) => ({ weight: input.policyWeight, bias: input.policyBias })

const alignmentOf = (input: Parameters) => ({
  reward: { weight: input.rewardWeight, bias: input.rewardBias },
  gamma: [input.gammaParam],
})

type Theta = { weight: Tensor; bias: Tensor }
type Alignment = { reward: { weight: Tensor; bias: Tensor }; gamma: Tensor }
type Trajectories = Record<'features' | 'actions' | 'primary' | 'auxiliary' | 'mask', Tensor>

interface HypergradientInput extends Parameters {
  outerBatch: Batch
  innerBatch: Batch
  rewardL2Coef: number
  gammaL2Coef: number
}

function directions(input: HypergradientInput, approximation: NonNullable<HypergradientOptions['approximation']>) {
  const evaluate = interpret((theta: Theta, alignment: Alignment, outer: Trajectories, inner: Trajectories) => {
    const { reward, gamma } = hypergradient(linearSoftmaxPolicy, theta, alignment, outer, inner, {
      approximation,
      guard: 'none',
      primaryGamma: input.primaryGamma,
      entropyCoefficient: input.entropyCoef,
      rewardPenalty: input.rewardL2Coef,
      gammaPenalty: input.gammaL2Coef,
    })
    return { weight: reward.weight as Tensor, bias: reward.bias, gamma }
  })
  const result = evaluate(thetaOf(input), alignmentOf(input), batchOf(input.outerBatch), batchOf(input.innerBatch))
  return {
    ascentDirectionRewardWeight: rows(result.weight),
    ascentDirectionRewardBias: row(result.bias),
    ascentDirectionGammaParam: row(result.gamma),
  }
}

export const adapters = {
  alignedReward: (input: {
    weight: number[][]
    bias: number[]
    features: number[][]
    primaryRewards: number[]
    auxRewards: number[]
    variant: AlignmentVariant
  }) => ({
    alignedRewards: input.features.map(
      (x, i) =>
        alignedReward(input, x, input.primaryRewards[i], input.auxRewards[i], { variant: input.variant }).reward,
    ),
  }),
  alignedGamma: (input: { gammaParam: number }) => ({ gamma: alignedGamma(input.gammaParam) }),
  policyObjective: (input: Parameters & Batch & { mode: BarfiMode }) => {
    const evaluate = interpret(
      valueAndGrad((theta: Theta, alignment: Alignment, batch: Trajectories) =>
        policyObjective(linearSoftmaxPolicy(theta, batch), batch, alignment, {
          mode: input.mode,
          primaryGamma: input.primaryGamma,
          entropyCoefficient: input.entropyCoef,
        }),
      ),
    )
    const { value, gradient } = evaluate(thetaOf(input), alignmentOf(input), batchOf(input))
    return { objective: scalar(value), gradWeight: rows(gradient.weight), gradBias: row(gradient.bias) }
  },
  hypergradientFirstOrder: (input: HypergradientInput) => directions(input, 'first-order'),
  hypergradientNeumann: (input: HypergradientInput & { neumannLoops: number; neumannAlpha: number }) =>
    directions(input, { alpha: input.neumannAlpha, loops: input.neumannLoops }),
  neumannInverseHessianVector: (input: {
    hessianOfMaximisedObjective: number[][]
    vector: number[]
    alpha: number
    loops: number
  }) => {
    const hessian = input.hessianOfMaximisedObjective
    const multiply = (b: Float64Array) => hessian.map(line => line.reduce((total, h, j) => total + h * b[j], 0))
    return neumannInverseProduct(multiply, input.vector, { alpha: input.alpha, loops: input.loops, guard: 'none' })
  },
  potentialShapedReturns: (input: {
    primaryRewards: number[][]
    auxAsPotential: number[][]
    mask: number[][]
    gamma: number
  }) => ({
    returns: input.primaryRewards.map((primary, b) =>
      potentialShapedReturns(primary, input.auxAsPotential[b], { discount: input.gamma, mask: input.mask[b] }),
    ),
  }),
  barfiMazeRollout: (input: {
    variant: MazeHeuristic
    actions: number[]
    startPosition: [number, number]
    actionNoise: number
  }) => {
    let state = { ...mazeStart, x: input.startPosition[0], y: input.startPosition[1] }
    const steps = []
    for (const action of input.actions) {
      const step = mazeStep(
        state,
        action,
        { float: () => 0 },
        {
          heuristic: input.variant,
          actionNoise: input.actionNoise,
          compat: 'released',
        },
      )
      state = step.state
      steps.push(step)
      if (step.terminated || step.truncated) break
    }
    return {
      positions: steps.map(step => [step.state.x, step.state.y]),
      primaryRewards: steps.map(step => step.primaryReward),
      auxRewards: steps.map(step => step.auxiliaryReward),
      terminal: steps.map(step => step.terminated || step.truncated),
    }
  },
  cartPolePdAuxReward: (input: {
    states: number[][]
    actions: number[]
    p: number
    d: number
    variants: Record<string, [number, number]>
  }) => {
    let controller = initialController
    const votes = input.states.map(([, , angle]) => {
      const vote = controllerVote(angle, controller, input)
      controller = vote.state
      return vote
    })
    const rewards = Object.entries(input.variants).map(([name, pair]) => [
      name,
      votes.map((vote, t) => controllerReward(input.actions[t], vote.action, pair)),
    ])
    return {
      pdSignal: votes.map(vote => vote.signal),
      pdActions: votes.map(vote => vote.action),
      ...Object.fromEntries(rewards),
    }
  },
} satisfies Adapters

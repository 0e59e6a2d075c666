import {
  arena,
  ballAlignment,
  ballToGoalDifference,
  ballToGoalDistance,
  classifyRewards,
  distanceWeightedAlignment,
  distributeTeamSpirit,
  goalBack,
  gridPositions,
  kineticCombination,
  observationSequences,
  offensivePotential,
  playerToBallDistance,
  potentialDifferences,
  pressureRelease,
  rewardPredictionLoss,
  signedBallToGoalDistance,
  stateReconstructionLoss,
  touchAcceleration,
} from '@guerdon/methods/control/lucy-skg'
import { interpret, ndarray } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

type Point = [number, number, number]

interface PlayerInput {
  playerPositions: Point[]
  ballPosition: Point
  playerVelocity: Point
  defense: number
  offense: number
  dispersion: number
  density: number
  orange: boolean
}

const optionsOf = (input: Omit<PlayerInput, 'playerVelocity'>) => ({
  team: input.orange ? ('orange' as const) : ('blue' as const),
  defence: input.defense,
  offence: input.offense,
  dispersion: input.dispersion,
  density: input.density,
})

const rows = (values: Float64Array, width: number) =>
  Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width))

export const adapters = {
  kineticCombination: (input: { components: number[][] }) => ({
    combined: input.components.map(row => kineticCombination(row)),
  }),
  ballToGoalDistanceReward: (input: {
    ballPositions: Point[]
    dispersion: number
    density: number
    ownGoal: boolean
  }) => {
    const goal = goalBack('blue', input.ownGoal ? 'own' : 'opponent')
    return {
      unsigned: input.ballPositions.map(ball => ballToGoalDistance(ball, goal, input)),
      signed: input.ballPositions.map(ball => signedBallToGoalDistance(ball, goal, input)),
    }
  },
  playerToBallDistanceReward: (input: {
    playerPositions: Point[]
    ballPosition: Point
    dispersion: number
    density: number
  }) => ({ reward: input.playerPositions.map(player => playerToBallDistance(player, input.ballPosition, input)) }),
  alignBallToGoal: (input: Omit<PlayerInput, 'playerVelocity' | 'dispersion' | 'density'>) => ({
    reward: input.playerPositions.map(player =>
      ballAlignment(player, input.ballPosition, optionsOf({ ...input, dispersion: 1, density: 1 })),
    ),
  }),
  offensivePotential: (input: PlayerInput) => {
    const results = input.playerPositions.map(player =>
      offensivePotential(player, input.playerVelocity, input.ballPosition, optionsOf(input)),
    )
    return {
      reward: results.map(r => r.value),
      alignment: results.map(r => r.alignment),
      velocityToBall: results.map(r => r.velocityToBall),
      distance: results.map(r => r.distance),
    }
  },
  distanceWeightedAlign: (input: PlayerInput) => ({
    reward: input.playerPositions.map(player =>
      distanceWeightedAlignment(player, input.ballPosition, optionsOf(input)),
    ),
  }),
  ballToGoalDistanceDifference: (input: {
    ballPositions: Point[]
    offDispersion: number
    defDispersion: number
    offDensity: number
    defDensity: number
    offWeight: number
    defWeight: number
  }) => ({
    reward: input.ballPositions.map(ball =>
      ballToGoalDifference(ball, {
        offence: { dispersion: input.offDispersion, density: input.offDensity, weight: input.offWeight },
        defence: { dispersion: input.defDispersion, density: input.defDensity, weight: input.defWeight },
      }),
    ),
  }),
  potentialDifference: (input: { potential: number[]; gamma: number; negativeSlope: number }) => ({
    reward: potentialDifferences(input.potential, { discount: input.gamma, negativeSlope: input.negativeSlope }),
  }),
  teamSpiritDistribution: (input: { rewards: number[][]; teams: number[]; teamSpirit: number }) => ({
    rewards: distributeTeamSpirit(input.rewards, input.teams, { teamSpirit: input.teamSpirit }),
  }),
  touchBallToGoalAcceleration: (input: {
    lastBallPosition: Point | null
    lastBallVelocity: Point | null
    ballPosition: Point
    ballVelocity: Point
    goalPosition: Point
    touched: boolean
  }) => ({
    reward: touchAcceleration(
      { position: input.ballPosition, velocity: input.ballVelocity },
      input.lastBallPosition && input.lastBallVelocity
        ? { position: input.lastBallPosition, velocity: input.lastBallVelocity }
        : undefined,
      input.goalPosition,
      input.touched,
    ),
  }),
  rewardPredictionLoss: (input: { rewards: number[]; zeroThreshold: number; logits: number[][] }) => {
    const classes = classifyRewards(input.rewards, { zeroThreshold: input.zeroThreshold })
    return {
      targets: Array.from(classes, c => [0, 1, 2].map(k => Number(k === c))),
      loss: interpret(rewardPredictionLoss)(input.logits, ndarray(classes)).data[0],
    }
  },
  stateReconstructionLoss: (input: { predicted: number[][]; target: number[][] }) => ({
    loss: interpret(stateReconstructionLoss)(input.predicted, input.target).data[0],
  }),
  observationSequences: (input: { observations: (number | number[])[]; episodeStarts: number[]; length: number }) => {
    const scalar = typeof input.observations[0] === 'number'
    const { values, length, width } = observationSequences(
      input.observations.map(o => (typeof o === 'number' ? [o] : o)),
      input.episodeStarts,
      { length: input.length },
    )
    const sequences = rows(values, length * width)
    return { sequences: scalar ? sequences : sequences.map(sequence => rows(sequence, width)) }
  },
  pressureRelease: (input: {
    timerFrames: number
    cutoffFrame: number
    exponent: number
    pressureSum: number
    inverted: boolean
  }) => ({
    reward: pressureRelease(
      { frames: input.timerFrames, sum: input.pressureSum },
      { cutoffFrames: input.cutoffFrame, exponent: input.exponent, inverted: input.inverted },
    ),
  }),
  arenaGrid: (input: { pointDistance: number | null; quarterSplit: number | null }) => {
    const points = rows(
      gridPositions({
        ...(input.pointDistance && { spacing: input.pointDistance }),
        ...(input.quarterSplit && { quarterSplit: input.quarterSplit }),
      }),
      3,
    )
    const mean = [0, 1, 2].map(axis => points.reduce((total, point) => total + point[axis], 0) / points.length)
    return { count: points.length, first: points[0], last: points.at(-1), mean, ceiling: arena.ceiling }
  },
} satisfies Adapters

import { arena, goalBack, goalDepth, type Team, type Vector } from './arena.ts'
import { kineticCombination } from './kinetic-combination.ts'

/** Knobs of an exponential distance reward. */
export interface DistanceShape {
  /** How far the reward reaches. Default 1. */
  readonly dispersion?: number
  /** How steep it is: the value is raised to 1/density. Default 1. */
  readonly density?: number
}

const GUARD = 1e-8
const SIGNED_REACH = 4570

function distance(a: Vector, b: Vector): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
}

function difference(a: Vector, b: Vector): [number, number, number] {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

function inner(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/** a·b / ((‖a‖ + 1e-8)(‖b‖ + 1e-8)): 0 for a zero vector. */
export function guardedCosine(a: Vector, b: Vector): number {
  return inner(a, b) / ((Math.hypot(a[0], a[1], a[2]) + GUARD) * (Math.hypot(b[0], b[1], b[2]) + GUARD))
}

/** sign(x)·|x|^exponent */
export function signedPower(x: number, exponent: number): number {
  return Math.sign(x) * Math.abs(x) ** exponent
}

/**
 * [exp(−0.5·(‖p − b‖ − 92.75)/(2300·dispersion))]^{1/density}: 1 at contact and slightly above when closer than the
 * ball's radius.
 */
export function playerToBallDistance(player: Vector, ball: Vector, shape: DistanceShape = {}): number {
  const { dispersion = 1, density = 1 } = shape
  const gap = distance(player, ball) - arena.ballRadius
  return Math.exp((-0.5 * gap) / (arena.carMaxSpeed * dispersion)) ** (1 / density)
}

/** [exp(−0.5·(‖b − g‖ − 972.75)/(6000·dispersion))]^{1/density}, g the back of the net. */
export function ballToGoalDistance(ball: Vector, goal: Vector, shape: DistanceShape = {}): number {
  const { dispersion = 1, density = 1 } = shape
  return Math.exp((-0.5 * (distance(ball, goal) - goalDepth)) / (arena.ballMaxSpeed * dispersion)) ** (1 / density)
}

/**
 * Signed form: u = 2·(exp(−0.5·(‖b − g‖ − 972.75)/(4570·dispersion)) − 0.5), then sign(u)·|u|^{1/density}; about 0 at
 * midfield.
 */
export function signedBallToGoalDistance(ball: Vector, goal: Vector, shape: DistanceShape = {}): number {
  const { dispersion = 1, density = 1 } = shape
  const value = Math.exp((-0.5 * (distance(ball, goal) - goalDepth)) / (SIGNED_REACH * dispersion))
  return signedPower(2 * (value - 0.5), 1 / density)
}

/** Choices of the difference of two ball-to-goal distances. */
export interface DistanceDifferenceOptions {
  readonly team?: Team
  /** Shape towards the opponent's goal. Default dispersion 0.5, density 1. */
  readonly offence?: DistanceShape & { readonly weight?: number }
  /** Shape towards the own goal. Default dispersion 0.5, density 1. */
  readonly defence?: DistanceShape & { readonly weight?: number }
}

/** w_off·distance(opponent's goal) − w_def·distance(own goal). */
export function ballToGoalDifference(ball: Vector, options: DistanceDifferenceOptions = {}): number {
  const { team = 'blue', offence = {}, defence = {} } = options
  const towards = ballToGoalDistance(ball, goalBack(team, 'opponent'), { dispersion: 0.5, ...offence })
  const away = ballToGoalDistance(ball, goalBack(team, 'own'), { dispersion: 0.5, ...defence })
  return (offence.weight ?? 1) * towards - (defence.weight ?? 1) * away
}

/** sign(y′)·|y′|^exponent with y′ = y/(5120 + 92.75), mirrored for orange. */
export function ballProgress(ball: Vector, options: { readonly exponent?: number; readonly team?: Team } = {}): number {
  const { exponent = 1, team = 'blue' } = options
  const y = (team === 'blue' ? ball[1] : -ball[1]) / (arena.backWall + arena.ballRadius)
  return signedPower(y, exponent)
}

/** Weights of the two alignments. */
export interface AlignmentOptions {
  readonly team?: Team
  /** Weight of standing between the ball and the own goal. Default 0.5. */
  readonly defence?: number
  /** Weight of looking at the opponent's goal past the ball. Default 0.5. */
  readonly offence?: number
}

/** d·cos(b − p, p − own goal) + o·cos(b − p, opponent's goal − p). */
export function ballAlignment(player: Vector, ball: Vector, options: AlignmentOptions = {}): number {
  const { team = 'blue', defence = 0.5, offence = 0.5 } = options
  const toBall = difference(ball, player)
  return (
    defence * guardedCosine(toBall, difference(player, goalBack(team, 'own'))) +
    offence * guardedCosine(toBall, difference(goalBack(team, 'opponent'), player))
  )
}

/** (b − p)/(‖b − p‖ + 1e-8) · v/2300: speed towards the ball as a fraction of a car's top speed. */
export function velocityToBall(player: Vector, velocity: Vector, ball: Vector): number {
  const toBall = difference(ball, player)
  return inner(toBall, velocity) / ((Math.hypot(...toBall) + GUARD) * arena.carMaxSpeed)
}

/** A kinetic combination with its parts. */
export interface OffensivePotential {
  readonly value: number
  readonly alignment: number
  readonly velocityToBall: number
  readonly distance: number
}

/**
 * KRC of alignment, velocity towards the ball and nearness to it; the sign looks only at the first two.
 * Source: rlgym-reward-analysis `offensive_potential`.
 */
export function offensivePotential(
  player: Vector,
  velocity: Vector,
  ball: Vector,
  options: AlignmentOptions & DistanceShape = {},
): OffensivePotential {
  const alignment = ballAlignment(player, ball, options)
  const speed = velocityToBall(player, velocity, ball)
  const near = playerToBallDistance(player, ball, options)
  const value = kineticCombination([alignment, speed, near], { signed: [true, true, false] })
  return { value, alignment, velocityToBall: speed, distance: near }
}

/** sign(a·d)·√|a·d| of alignment a and nearness d. */
export function distanceWeightedAlignment(
  player: Vector,
  ball: Vector,
  options: AlignmentOptions & DistanceShape = {},
): number {
  return signedPower(ballAlignment(player, ball, options) * playerToBallDistance(player, ball, options), 1 / 2)
}

/** Height of a touched ball as a share of the ceiling, times `weight`; 0 without a touch. */
export function aerialTouch(ball: Vector, touched: boolean, options: { readonly weight?: number } = {}): number {
  return touched ? ((options.weight ?? 1) * ball[2]) / arena.ceiling : 0
}

/** Where the ball is and how fast. */
export interface BallState {
  readonly position: Vector
  readonly velocity: Vector
}

/**
 * (v_goal − v_goal,last)/2300 when touched, v_goal the ball's velocity along the direction to the goal at that state;
 * the last velocity counts as 0 after a reset (`last` absent). Signed; 0 without a touch.
 */
export function touchAcceleration(
  ball: BallState,
  last: BallState | undefined,
  goal: Vector,
  touched: boolean,
): number {
  if (!touched) return 0
  const before = last ? velocityAlong(last, goal) : 0
  return (velocityAlong(ball, goal) - before) / arena.carMaxSpeed
}

function velocityAlong(ball: BallState, goal: Vector): number {
  const direction = difference(goal, ball.position)
  return inner(direction, ball.velocity) / (Math.hypot(...direction) + GUARD)
}

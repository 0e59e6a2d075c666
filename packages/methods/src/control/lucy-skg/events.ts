import { assertInteger, GuerdonError } from '@guerdon/core'
import { arena, goalDepth } from './arena.ts'

/** Counters of a player that pay when they rise. */
export const eventNames = ['goal', 'teamGoal', 'concede', 'touch', 'shot', 'save', 'demo', 'demoed'] as const
/** Name of an event of the game that is counted. */
export type EventName = (typeof eventNames)[number]
/** One number for each event: counts, or weights; an absent one counts as 0. */
export type EventCounters = Partial<Readonly<Record<EventName, number>>>

/** Σ weight·max(increase of the counter, 0). Counters absent from either side count as 0. */
export function eventReward(weights: EventCounters, before: EventCounters, after: EventCounters): number {
  let total = 0
  for (const name of eventNames) total += (weights[name] ?? 0) * Math.max((after[name] ?? 0) - (before[name] ?? 0), 0)
  return total
}

/** Distance from a goal within which the ball is under pressure there: 3680 − 972.75. */
export const pressureReach = 3680 - goalDepth

/** Pressure gathered so far; plain JSON. */
export interface PressureState {
  readonly frames: number
  readonly sum: number
}

/** The state before any pressure was put on. */
export const noPressure: PressureState = { frames: 0, sum: 0 }

/** One frame seen from the pressing side. */
export interface PressureFrame {
  /** Distance of the ball from the back of the pressed goal. */
  readonly ballDistance: number
  /** Fractions in [0, 1] of attackers and of defenders inside the same zone. */
  readonly attackersInside: number
  readonly defendersInside: number
  /** The event that pays: a goal or shot for offence, a clearance for defence. */
  readonly released: boolean
}

/** Choices of the pressure rewards. */
export interface PressureOptions {
  /** Default 90. */
  readonly cutoffFrames?: number
  /** Default 0.7. */
  readonly exponent?: number
  /** Pay 1 − mean pressure: for the defence. Default false. */
  readonly inverted?: boolean
  /** Frames of pressure needed before a release pays; 3 for counter-pressure. Default 1. */
  readonly minFrames?: number
}

/** mean·((1 − min(t − 1, cutoff)/cutoff)^exponent), mean = sum/t (1 − mean when inverted); 0 for t = 0. */
export function pressureRelease(state: PressureState, options: PressureOptions = {}): number {
  const { cutoffFrames = 90, exponent = 0.7, inverted = false, minFrames = 1 } = options
  assertInteger(cutoffFrames, 'cutoffFrames', 1)
  if (state.frames < Math.max(1, minFrames)) return 0
  const mean = state.sum / state.frames
  const haste = (1 - Math.min(state.frames - 1, cutoffFrames) / cutoffFrames) ** exponent
  return (inverted ? 1 - mean : mean) * haste
}

/**
 * Accumulates 0.5 + 0.5·(attackers inside − defenders inside) per frame while the ball is in the zone; pays on release
 * and starts anew; forgets when the ball leaves.
 */
export function pressureStep(
  state: PressureState,
  frame: PressureFrame,
  options: PressureOptions = {},
): { readonly state: PressureState; readonly reward: number } {
  if (!(frame.ballDistance >= 0))
    throw new GuerdonError('invalid_input', `expected a distance ≥ 0; got ${frame.ballDistance}`, {
      path: ['ballDistance'],
    })
  const inside = frame.ballDistance - goalDepth <= pressureReach
  const next = inside
    ? { frames: state.frames + 1, sum: state.sum + 0.5 + 0.5 * (frame.attackersInside - frame.defendersInside) }
    : state
  if (frame.released) return { state: noPressure, reward: pressureRelease(next, options) }
  return { state: inside ? next : noPressure, reward: 0 }
}

/** Values of Necto's linear combination, the baseline the paper beats. */
export const nectoWeights = {
  goal: 10,
  goalDistance: 10,
  goalSpeedBonus: 2.5,
  demo: 5,
  distance: 0.5,
  align: 0.5,
  boostGain: 1,
  boostLose: 0.7,
  touchHeight: 1,
  touchAcceleration: 0.25,
  teamSpirit: 0.6,
  opponentPunishment: 1,
} as const

/** What Necto sees of a player in one state; qualities of the state and of the player, all undiscounted. */
export interface NectoQualities {
  /** exp(−distance(ball, opponent goal)/ballMaxSpeed) − exp(−distance(ball, own goal)/ballMaxSpeed), in [−1, 1]. */
  readonly goalDistance: number
  /** Nearness to the ball, and alignment, of the player. */
  readonly distance: number
  readonly align: number
  /** √(boost) in [0, 1]. */
  readonly boost: number
}

/** Events of one step for Necto. */
export interface NectoEvents {
  /** 1 scored, −1 conceded, 0 none. */
  readonly goal: number
  /** Speed of the scoring ball. */
  readonly goalSpeed?: number
  readonly demo?: number
  /** Touch: height of the ball and change of its speed. */
  readonly touchHeight?: number
  readonly touchAcceleration?: number
}

/** Necto's reward: weights times *non-discounted* quality differences, plus events. Linear, where KRC multiplies. */
export function nectoReward(
  before: NectoQualities,
  after: NectoQualities,
  events: NectoEvents,
  weights: Readonly<Record<keyof typeof nectoWeights, number>> = nectoWeights,
): number {
  const boost = after.boost - before.boost
  return (
    weights.goal * events.goal +
    (weights.goalSpeedBonus * (events.goal * (events.goalSpeed ?? 0))) / arena.ballMaxSpeed +
    weights.demo * (events.demo ?? 0) +
    weights.goalDistance * (after.goalDistance - before.goalDistance) +
    weights.distance * (after.distance - before.distance) +
    weights.align * (after.align - before.align) +
    (boost >= 0 ? weights.boostGain : weights.boostLose) * boost +
    (weights.touchHeight * (events.touchHeight ?? 0)) / arena.ceiling +
    (weights.touchAcceleration * (events.touchAcceleration ?? 0)) / arena.carMaxSpeed
  )
}

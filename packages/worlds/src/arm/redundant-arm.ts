import { assertInteger, GuerdonError } from '@guerdon/core'
import { clamp } from '../control/dynamics.ts'
import type { WorldDefinition } from '../world/definition.ts'
import { blankRaster, paintDisc, paintSegment } from '../world/raster.ts'
import { box } from '../world/space.ts'
import { circle, palette, picture, polyline } from '../world/svg.ts'
import { assertAreas, payArea, type RewardArea } from './areas.ts'

/** Two areas a straight arm does not end in; the second is small and far from the first. */
export const redundantArmAreas: readonly RewardArea[] = [
  { x: 0.75, y: 0.8, radius: 0.1 },
  { x: 0.15, y: 0.35, radius: 0.05 },
]

/** Choices of the redundant arm. */
export interface RedundantArmOptions {
  /** N ≥ 1. Default 20. */
  readonly joints?: number
  /** Radians a joint turns at most in one step. Default 0.1. */
  readonly reach?: number
  /** Steps of an episode, which ends by itself after them. Default 100. */
  readonly steps?: number
  /** Default `redundantArmAreas`. */
  readonly areas?: readonly RewardArea[]
}

/** Where an arm of joint angles ends, and how evenly it bends. */
export interface ArmOutcome {
  /** End of the last link in [0, 1]², the descriptor of quality-diversity. */
  readonly tip: readonly [number, number]
  /** −variance of the angles (population), 0 for an even bend: the usual fitness. */
  readonly evenness: number
}

/**
 * Forward kinematics of a planar arm of N links, each 1/(2N) long, from the middle of the unit square: the tip is
 * (½ + Σₖ cos(θ₁ + … + θₖ)/(2N), ½ + Σₖ sin(θ₁ + … + θₖ)/(2N)). A straight arm just reaches the border.
 *
 * @param angles [N], each relative to the link before it
 */
export function redundantArmOutcome(angles: ArrayLike<number>): ArmOutcome {
  const count = angles.length
  if (count === 0) throw new GuerdonError('invalid_input', 'expected at least one angle of the arm; got none')
  let x = 0
  let y = 0
  let turned = 0
  let mean = 0
  for (let k = 0; k < count; k++) {
    turned += angles[k]
    x += Math.cos(turned)
    y += Math.sin(turned)
    mean += angles[k] / count
  }
  let variance = 0
  for (let k = 0; k < count; k++) variance += (angles[k] - mean) ** 2 / count
  return { tip: [0.5 + x / (2 * count), 0.5 + y / (2 * count)], evenness: -variance }
}

/** All joints of the arm, from its base to its tip. */
function chain(angles: ArrayLike<number>, count: number): (readonly [number, number])[] {
  const points: (readonly [number, number])[] = [[0.5, 0.5]]
  let turned = 0
  for (let k = 0; k < count; k++) {
    turned += angles[k]
    const [x, y] = points[k]
    points.push([x + Math.cos(turned) / (2 * count), y + Math.sin(turned) / (2 * count)])
  }
  return points
}

/**
 * The arm as a world: actions in [−1, 1] turn each joint by up to `reach`, angles stay within ±π. State: N angles and
 * the steps taken; observation: the angles over π. It starts straight, along x. Nothing is paid until the last step, which
 * pays for the area the tip is in: (R − distance)/R.
 *
 * Facts: `tipX`, `tipY` (the descriptor), `evenness`, `area`. The task of Paolo et al. (arXiv 2111.01919) with 20 joints
 * and 100 steps; areas and dynamics are this project's own.
 */
export function redundantArmWorld(options: RedundantArmOptions = {}): WorldDefinition {
  const { joints = 20, reach = 0.1, steps = 100, areas = redundantArmAreas } = options
  assertInteger(joints, 'joints', 1)
  assertInteger(steps, 'steps', 1)
  if (!(reach > 0 && Number.isFinite(reach)))
    throw new GuerdonError('invalid_option', `expected reach > 0; got ${reach}`, { path: ['reach'] })
  assertAreas(areas)
  const unit = Array.from({ length: joints }, () => [-1, 1] as const)
  const place = ([x, y]: readonly [number, number]) => [10 + 240 * x, 250 - 240 * y] as const
  const describe = (state: Float64Array) => {
    const { tip, evenness } = redundantArmOutcome(state.subarray(0, joints))
    return { tip, evenness, ...payArea(tip[0], tip[1], areas) }
  }
  return {
    name: 'redundant-arm',
    actionSpace: box(unit),
    observationSpace: box(unit),
    stateSize: joints + 1,
    horizon: steps,
    stochastic: false,
    start: (states, at) => {
      states.fill(0, at, at + joints + 1)
    },
    advance: (states, at, actions, actionAt, outcome) => {
      let x = 0
      let y = 0
      let turned = 0
      for (let k = 0; k < joints; k++) {
        const angle = states[at + k] + reach * clamp(actions[actionAt + k], -1, 1)
        states[at + k] = clamp(angle, -Math.PI, Math.PI)
        turned += states[at + k]
        x += Math.cos(turned)
        y += Math.sin(turned)
      }
      outcome.terminated = ++states[at + joints] >= steps
      outcome.reward = outcome.terminated ? payArea(0.5 + x / (2 * joints), 0.5 + y / (2 * joints), areas).reward : 0
    },
    observe: (states, at, observations, to) => {
      for (let k = 0; k < joints; k++) observations[to + k] = states[at + k] / Math.PI
    },
    svg: state =>
      picture('redundant-arm', 260, 260, [
        ...areas.map(({ x, y, radius }) => circle(...place([x, y]), 240 * radius, { fill: palette.goal })),
        polyline(chain(state, joints).map(place), { stroke: palette.agent, width: 4 }),
        circle(...place(redundantArmOutcome(state.subarray(0, joints)).tip), 5, { fill: palette.warm }),
      ]),
    text: state => {
      const { tip, area } = describe(state)
      return `redundant-arm: tip ${tip[0].toFixed(3)} ${tip[1].toFixed(3)}, area ${area < 0 ? 'none' : area}, step ${state[joints]}`
    },
    facts: state => {
      const { tip, evenness, area } = describe(state)
      return { tipX: tip[0], tipY: tip[1], evenness, area }
    },
    raster: (state, size) => {
      const raster = blankRaster({ left: 0, bottom: 0, extent: 1, size })
      const points = chain(state, joints)
      for (let k = 1; k < points.length; k++)
        paintSegment(raster, points[k - 1], points[k], { radius: 0.015, grey: 0.6 })
      paintDisc(raster, points[joints], { radius: 0.03, grey: 1 })
      return raster.pixels
    },
  }
}

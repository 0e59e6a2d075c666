import { assertInteger, GuerdonError } from '@guerdon/core'
import { clamp } from '../control/dynamics.ts'
import type { WorldDefinition } from '../world/definition.ts'
import { blankRaster, paintDisc, paintSegment } from '../world/raster.ts'
import { box } from '../world/space.ts'
import { circle, line, palette, picture, values } from '../world/svg.ts'
import { assertAreas, payArea, type RewardArea } from './areas.ts'

/** The two discs of the Curling task, a wide one and a narrow one. */
export const curlingAreas: readonly RewardArea[] = [
  { x: 0.8, y: 0.8, radius: 0.4 },
  { x: 0.8, y: -0.8, radius: 0.2 },
]

/** Measures of the table, in its own units and seconds. */
export const curlingTable = {
  /** Half a side; walls are there. */
  half: 1.5,
  ballRadius: 0.1,
  armRadius: 0.04,
  /** Both links. */
  link: 1,
  /** Where the shoulder is and the ball starts. */
  shoulder: [0, -1.5],
  ball: [-0.3, 0.1],
  /** Of the ball's speed along the normal, what a wall and the arm give back. */
  bounce: 0.8,
  /** The ball's speed falls like e^(−drag·t). */
  drag: 0.6,
} as const

const { half, ballRadius, armRadius, link, shoulder, bounce, drag } = curlingTable
const dt = 0.01
const substeps = 4
const gain = 12
const damping = 3
/** How far the joints turn each way; the elbow's angle is relative to the upper arm. */
const limits = [Math.PI / 2, 2.6] as const
// entries of a state; the ball's place and speed come first
const joints = 4
const count = 8

/** Choices of curling. */
export interface CurlingOptions {
  /** Steps of an episode, which ends by itself after them. Default 500. */
  readonly steps?: number
  /** Default `curlingAreas`. */
  readonly areas?: readonly RewardArea[]
}

/** Elbow and hand for the angles of shoulder and elbow; at 0, 0 the arm points up the table. */
export function curlingArm(
  first: number,
  second: number,
): readonly [elbow: readonly [number, number], hand: readonly [number, number]] {
  const elbow = [shoulder[0] - link * Math.sin(first), shoulder[1] + link * Math.cos(first)] as const
  return [elbow, [elbow[0] - link * Math.sin(first + second), elbow[1] + link * Math.cos(first + second)]]
}

/** Moves the joints of the copy at `at` by a part of a step. */
function turn(states: Float64Array, at: number, actions: Float64Array, actionAt: number, time: number): void {
  for (let j = 0; j < 2; j++) {
    const angle = at + joints + j
    const speed = angle + 2
    states[speed] += time * (gain * clamp(actions[actionAt + j], -1, 1) - damping * states[speed])
    states[angle] += time * states[speed]
    if (Math.abs(states[angle]) <= limits[j]) continue
    states[angle] = clamp(states[angle], -limits[j], limits[j])
    states[speed] = 0
  }
}

/**
 * Lets a link from (x, y), pointing along (dirX, dirY), push the ball. The link is not slowed: what it touches leaves
 * with its own speed along the normal plus `bounce` times the speed they met with.
 */
function push(
  states: Float64Array,
  at: number,
  x: number,
  y: number,
  direction: readonly [number, number],
  motion: { readonly x: number; readonly y: number; readonly spin: number },
): void {
  const along = clamp((states[at] - x) * direction[0] + (states[at + 1] - y) * direction[1], 0, link)
  const offX = states[at] - x - along * direction[0]
  const offY = states[at + 1] - y - along * direction[1]
  const distance = Math.sqrt(offX * offX + offY * offY)
  const apart = ballRadius + armRadius
  if (distance >= apart || distance === 0) return
  const normalX = offX / distance
  const normalY = offY / distance
  states[at] += (apart - distance) * normalX
  states[at + 1] += (apart - distance) * normalY
  const speedX = motion.x - motion.spin * along * direction[1]
  const speedY = motion.y + motion.spin * along * direction[0]
  const closing = (states[at + 2] - speedX) * normalX + (states[at + 3] - speedY) * normalY
  if (closing >= 0) return
  states[at + 2] -= (1 + bounce) * closing * normalX
  states[at + 3] -= (1 + bounce) * closing * normalY
}

/** Keeps the ball on the table; a wall turns its speed round. */
function reflect(states: Float64Array, at: number): void {
  const border = half - ballRadius
  for (let axis = 0; axis < 2; axis++) {
    const place = states[at + axis]
    if (Math.abs(place) <= border) continue
    states[at + axis] = clamp(place, -border, border)
    if (place * states[at + 2 + axis] > 0) states[at + 2 + axis] *= -bounce
  }
}

/**
 * Curling: an arm of two joints at the lower edge of a table pushes a ball, and where the ball is at the last step is
 * paid: (R − distance)/R inside an area, 0 elsewhere and before. Actions in [−1, 1] are torques: θ̈ = 12a − 3θ̇, 0.04 s
 * a step, joints within ±π/2 and ±2.6. Ball and walls of restitution 0.8, drag e^(−0.6t); the arm is heavy.
 *
 * State (ball x, y, ẋ, ẏ, θ1, θ2, θ̇1, θ̇2, steps); observation (ball x, y, θ1, θ2, θ̇1, θ̇2). Facts: `ballX`, `ballY`
 * (the descriptor), `area`. The task of Paolo et al. (arXiv 2102.03140): areas, reward, 500 steps and six observations
 * are theirs; the dynamics are this project's own.
 */
export function curlingWorld(options: CurlingOptions = {}): WorldDefinition {
  const { steps = 500, areas = curlingAreas } = options
  assertInteger(steps, 'steps', 1)
  assertAreas(areas)
  if (areas.length === 0) throw new GuerdonError('invalid_option', 'expected at least one area', { path: ['areas'] })
  // reused in every step, so that nothing is allocated
  const direction: [number, number] = [0, 0]
  const motion = { x: 0, y: 0, spin: 0 }

  function sweep(states: Float64Array, at: number): void {
    const first = states[at + joints]
    const spin = states[at + joints + 2]
    direction[0] = -Math.sin(first)
    direction[1] = Math.cos(first)
    motion.x = 0
    motion.y = 0
    motion.spin = spin
    push(states, at, shoulder[0], shoulder[1], direction, motion)
    const elbowX = shoulder[0] + link * direction[0]
    const elbowY = shoulder[1] + link * direction[1]
    motion.x = -spin * link * direction[1]
    motion.y = spin * link * direction[0]
    motion.spin = spin + states[at + joints + 3]
    const second = first + states[at + joints + 1]
    direction[0] = -Math.sin(second)
    direction[1] = Math.cos(second)
    push(states, at, elbowX, elbowY, direction, motion)
  }

  const slow = Math.exp(-drag * dt)
  const place = ([x, y]: readonly [number, number]) => [10 + 80 * (x + half), 10 + 80 * (half - y)] as const
  return {
    name: 'curling',
    actionSpace: box([
      [-1, 1],
      [-1, 1],
    ]),
    observationSpace: box([
      [-half, half],
      [-half, half],
      [-limits[0], limits[0]],
      [-limits[1], limits[1]],
      [-gain / damping, gain / damping],
      [-gain / damping, gain / damping],
    ]),
    stateSize: 9,
    horizon: steps,
    stochastic: false,
    start: (states, at) => {
      states.fill(0, at, at + 9)
      states[at] = curlingTable.ball[0]
      states[at + 1] = curlingTable.ball[1]
      // bent away from the ball
      states[at + joints] = -0.8
      states[at + joints + 1] = 1
    },
    advance: (states, at, actions, actionAt, outcome) => {
      for (let part = 0; part < substeps; part++) {
        turn(states, at, actions, actionAt, dt)
        for (let axis = 0; axis < 2; axis++) {
          states[at + axis] += dt * states[at + 2 + axis]
          states[at + 2 + axis] *= slow
        }
        sweep(states, at)
        reflect(states, at)
      }
      outcome.terminated = ++states[at + count] >= steps
      outcome.reward = outcome.terminated ? payArea(states[at], states[at + 1], areas).reward : 0
    },
    observe: (states, at, observations, to) => {
      observations[to] = states[at]
      observations[to + 1] = states[at + 1]
      for (let i = 0; i < 4; i++) observations[to + 2 + i] = states[at + joints + i]
    },
    svg: state => {
      const [elbow, hand] = curlingArm(state[joints], state[joints + 1])
      const start = place([shoulder[0], shoulder[1]])
      return picture('curling', 260, 260, [
        ...areas.map(({ x, y, radius }) => circle(...place([x, y]), 80 * radius, { fill: palette.goal })),
        line(...start, ...place(elbow), { stroke: palette.agent, width: 160 * armRadius }),
        line(...place(elbow), ...place(hand), { stroke: palette.agent, width: 160 * armRadius }),
        circle(...place([state[0], state[1]]), 80 * ballRadius, { fill: palette.warm }),
      ])
    },
    text: state => values('curling', ['x', 'y', 'ẋ', 'ẏ', 'θ1', 'θ2', 'θ̇1', 'θ̇2', 'step'], state),
    facts: state => ({ ballX: state[0], ballY: state[1], area: payArea(state[0], state[1], areas).area }),
    raster: (state, size) => {
      const raster = blankRaster({
        left: -half,
        bottom: -half,
        extent: 2 * half,
        size,
      })
      const [elbow, hand] = curlingArm(state[joints], state[joints + 1])
      paintSegment(raster, [shoulder[0], shoulder[1]], elbow, { radius: armRadius, grey: 0.5 })
      paintSegment(raster, elbow, hand, { radius: armRadius, grey: 0.5 })
      paintDisc(raster, [state[0], state[1]], { radius: ballRadius, grey: 1 })
      return raster.pixels
    },
  }
}

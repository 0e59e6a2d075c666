import type { WorldDefinition } from '../world/definition.ts'
import { box, discrete } from '../world/space.ts'
import { circle, line, palette, picture, rectangle, values } from '../world/svg.ts'
import { drawUniform, dynamicsOf } from './dynamics.ts'

const gravity = 9.8
const poleMass = 0.1
const totalMass = 1.1
const halfLength = 0.5
const force = 10
const tau = 0.02
const positionLimit = 2.4
const angleLimit = (12 * 2 * Math.PI) / 360

/**
 * CartPole-v1. State (x, ẋ, θ, θ̇); actions push left or right with 10 N. Euler steps of 0.02 s that move positions by
 * the *old* velocities. Pays 1 every step, the last included; ends at |x| > 2.4 or |θ| > 12°; solved at a mean return
 * of 475.
 *
 * Gymnasium `classic_control/cartpole.py`.
 */
export const cartPoleWorld: WorldDefinition = {
  name: 'cart-pole',
  actionSpace: discrete(['left', 'right']),
  observationSpace: box([
    [-2 * positionLimit, 2 * positionLimit],
    [null, null],
    [-2 * angleLimit, 2 * angleLimit],
    [null, null],
  ]),
  stateSize: 4,
  horizon: 500,
  stochastic: false,
  start: (states, at, random) => drawUniform(states, at, { random, count: 4, low: -0.05, high: 0.05 }),
  advance: (states, at, actions, actionAt, outcome) => {
    const x = states[at]
    const velocity = states[at + 1]
    const angle = states[at + 2]
    const spin = states[at + 3]
    const push = actions[actionAt] === 1 ? force : -force
    const cosine = Math.cos(angle)
    const sine = Math.sin(angle)
    const common = (push + poleMass * halfLength * spin * spin * sine) / totalMass
    const spinRate =
      (gravity * sine - cosine * common) / (halfLength * (4 / 3 - (poleMass * cosine * cosine) / totalMass))
    const acceleration = common - (poleMass * halfLength * spinRate * cosine) / totalMass
    const nextX = x + tau * velocity
    const nextAngle = angle + tau * spin
    states[at] = nextX
    states[at + 1] = velocity + tau * acceleration
    states[at + 2] = nextAngle
    states[at + 3] = spin + tau * spinRate
    outcome.reward = 1
    outcome.terminated = Math.abs(nextX) > positionLimit || Math.abs(nextAngle) > angleLimit
  },
  observe: (states, at, observations, to) => {
    for (let i = 0; i < 4; i++) observations[to + i] = states[at + i]
  },
  svg: ([x, , angle]) => {
    const scale = 100
    const hinge = 240 + scale * x
    const pole = 2 * halfLength * scale
    return picture('cart-pole', 480, 200, [
      line(0, 150, 480, 150, { stroke: palette.faint, width: 2 }),
      rectangle(hinge - 25, 135, 50, 30, { fill: palette.ink }),
      line(hinge, 135, hinge + pole * Math.sin(angle), 135 - pole * Math.cos(angle), {
        stroke: palette.warm,
        width: 8,
      }),
      circle(hinge, 135, 4, { fill: palette.agent }),
    ])
  },
  text: state => values('cart-pole', ['x', 'ẋ', 'θ', 'θ̇'], state),
}

/** CartPole-v1 as pure functions of its state. */
export const cartPole = dynamicsOf(cartPoleWorld)

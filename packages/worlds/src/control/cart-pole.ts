import { assertDiscreteAction, type Dynamics, uniforms } from './dynamics.ts'

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
export const cartPole: Dynamics = {
  name: 'cart-pole',
  actionCount: 2,
  stateSize: 4,
  observationSize: 4,
  horizon: 500,
  reset: random => uniforms(random, 4, -0.05, 0.05),
  step: (state, action) => {
    assertDiscreteAction(action, 2, 'cart-pole')
    const [x, velocity, angle, spin] = state
    const push = action === 1 ? force : -force
    const cosine = Math.cos(angle)
    const sine = Math.sin(angle)
    const common = (push + poleMass * halfLength * spin * spin * sine) / totalMass
    const spinRate =
      (gravity * sine - cosine * common) / (halfLength * (4 / 3 - (poleMass * cosine * cosine) / totalMass))
    const acceleration = common - (poleMass * halfLength * spinRate * cosine) / totalMass
    const next = Float64Array.of(
      x + tau * velocity,
      velocity + tau * acceleration,
      angle + tau * spin,
      spin + tau * spinRate,
    )
    const terminated = Math.abs(next[0]) > positionLimit || Math.abs(next[2]) > angleLimit
    return { state: next, reward: 1, terminated }
  },
  observe: state => Float32Array.from(state),
}

import { assertFiniteAction, clamp, type Dynamics } from './dynamics.ts'

/**
 * MountainCarContinuous-v0. Action a: a push clipped to [−1, 1], power 0.0015. Pays 100 at the goal (x ≥ 0.45) minus
 * 0.1·a² of the *unclipped* action. The reference rounds the state to float32 after every step, and so does this.
 *
 * Gymnasium `classic_control/continuous_mountain_car.py`.
 */
export const mountainCarContinuous: Dynamics = {
  name: 'mountain-car-continuous',
  actionBounds: [[-1, 1]],
  stateSize: 2,
  observationSize: 2,
  horizon: 999,
  reset: random => Float64Array.of(Math.fround(random.uniform(-0.6, -0.4)), 0),
  step: (state, action) => {
    assertFiniteAction(action, 'mountain-car-continuous')
    const push = clamp(action, -1, 1)
    let velocity = clamp(state[1] + push * 0.0015 - 0.0025 * Math.cos(3 * state[0]), -0.07, 0.07)
    const position = clamp(state[0] + velocity, -1.2, 0.6)
    if (position === -1.2 && velocity < 0) velocity = 0
    const terminated = position >= 0.45 && velocity >= 0
    return {
      state: Float64Array.of(Math.fround(position), Math.fround(velocity)),
      reward: (terminated ? 100 : 0) - 0.1 * action * action,
      terminated,
    }
  },
  observe: state => Float32Array.from(state),
}

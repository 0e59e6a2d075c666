import { assertDiscreteAction, clamp, type Dynamics } from './dynamics.ts'

/**
 * MountainCar-v0. State (x, v); actions push left, not at all, right. v += (a − 1)·0.001 − 0.0025·cos 3x, clipped to
 * ±0.07; x += v, clipped to [−1.2, 0.6]; the left wall stops the car. Pays −1 every step; ends at x ≥ 0.5.
 *
 * Gymnasium `classic_control/mountain_car.py`.
 */
export const mountainCar: Dynamics = {
  name: 'mountain-car',
  actionCount: 3,
  stateSize: 2,
  observationSize: 2,
  horizon: 200,
  reset: random => Float64Array.of(random.uniform(-0.6, -0.4), 0),
  step: (state, action) => {
    assertDiscreteAction(action, 3, 'mountain-car')
    let velocity = clamp(state[1] + (action - 1) * 0.001 - 0.0025 * Math.cos(3 * state[0]), -0.07, 0.07)
    const position = clamp(state[0] + velocity, -1.2, 0.6)
    if (position === -1.2 && velocity < 0) velocity = 0
    return { state: Float64Array.of(position, velocity), reward: -1, terminated: position >= 0.5 && velocity >= 0 }
  },
  observe: state => Float32Array.from(state),
}

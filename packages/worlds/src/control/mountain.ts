import type { Random } from '@guerdon/core'
import { circle, line, palette, picture, polyline } from '../world/svg.ts'
import { clamp } from './dynamics.ts'

/** Where a car in the valley can be, and how fast. */
export const valley = { left: -1.2, right: 0.6, fastest: 0.07 } as const

/**
 * Moves the car (x, v) at `states[at …]`: v += thrust − 0.0025·cos 3x, clipped to ±0.07; x += v, clipped to [−1.2, 0.6];
 * the left wall stops it.
 */
export function drive(states: Float64Array, at: number, thrust: number): void {
  const { left, right, fastest } = valley
  const velocity = clamp(states[at + 1] + thrust - 0.0025 * Math.cos(3 * states[at]), -fastest, fastest)
  const position = clamp(states[at] + velocity, left, right)
  states[at] = position
  states[at + 1] = position === left && velocity < 0 ? 0 : velocity
}

/** x ~ U(−0.6, −0.4), at rest. */
export function parkCar(states: Float64Array, at: number, random: Random): void {
  states[at] = random.uniform(-0.6, -0.4)
  states[at + 1] = 0
}

/** The hill, the flag at `goal` and the car. */
export function mountainPicture(title: string, x: number, goal: number): string {
  const place = (position: number): readonly [number, number] => [
    20 + 200 * (position - valley.left),
    150 - 100 * (Math.sin(3 * position) * 0.45 + 0.55),
  ]
  const [carX, carY] = place(x)
  const [flagX, flagY] = place(goal)
  const hill = Array.from({ length: 61 }, (_, i) => place(valley.left + (i * (valley.right - valley.left)) / 60))
  return picture(title, 400, 180, [
    polyline(hill, { stroke: palette.ink, width: 2 }),
    line(flagX, flagY, flagX, flagY - 30, { stroke: palette.goal, width: 3 }),
    polyline(
      [
        [flagX, flagY - 30],
        [flagX + 14, flagY - 25],
        [flagX, flagY - 20],
      ],
      { fill: palette.goal },
    ),
    circle(carX, carY - 8, 8, { fill: palette.agent }),
  ])
}

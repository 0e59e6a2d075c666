import { circle, line, palette, picture, polyline } from '../world/svg.ts'
import type { Simulation } from './simulation.ts'

/** From where a world is drawn: which coordinates go right and up, how much is seen, and what stays in the middle. */
export interface Plane {
  /** 0 x, 1 y, 2 z. */
  readonly right: 0 | 1 | 2
  readonly up: 0 | 1 | 2
  /** World units across and high. */
  readonly width: number
  readonly height: number
  /** World coordinates of the picture's lower left corner. */
  readonly left: number
  readonly bottom: number
  /** Name of a body whose position along `right` (and, seen from above, `up`) the picture follows. */
  readonly follow?: string
}

const pixels = 320
// MuJoCo's numbers for kinds of shapes
const PLANE = 0
const SPHERE = 2
const CAPSULE = 3
const CYLINDER = 5
const BOX = 6

/** The shapes of a model where `place` put them, seen along one axis. */
export function pictureOf(simulation: Simulation, title: string, plane: Plane): string {
  const { model } = simulation
  const { shapePositions, shapeFrames, bodyPositions } = simulation.views()
  const { geom_type: kinds, geom_size: sizes, geom_bodyid: bodies } = model
  const scale = pixels / plane.width
  const tall = plane.height * scale
  const followed = plane.follow === undefined ? -1 : simulation.body(plane.follow)
  const shiftRight = followed < 0 ? 0 : bodyPositions[3 * followed + plane.right]
  const shiftUp = followed < 0 || plane.up === 2 ? 0 : bodyPositions[3 * followed + plane.up]
  const seen = (right: number, up: number): readonly [number, number] => [
    (right - shiftRight - plane.left) * scale,
    tall - (up - shiftUp - plane.bottom) * scale,
  ]
  const shapes: string[] = []
  for (let shape = 0; shape < model.ngeom; shape++) {
    const right = shapePositions[3 * shape + plane.right]
    const up = shapePositions[3 * shape + plane.up]
    const size = sizes.subarray(3 * shape, 3 * shape + 3)
    // column j of the frame, a row-major 3 × 3 matrix, is the shape's own axis j
    const axis = (j: number, along: number): number => shapeFrames[9 * shape + 3 * along + j]
    const colour = bodies[shape] === 0 ? palette.faint : shape % 2 === 0 ? palette.agent : palette.warm
    if (kinds[shape] === PLANE && plane.up === 2) {
      const [, level] = seen(0, up)
      shapes.push(line(0, level, pixels, level, { stroke: palette.ink, width: 2 }))
    } else if (kinds[shape] === SPHERE) {
      shapes.push(circle(...seen(right, up), size[0] * scale, { fill: colour }))
    } else if (kinds[shape] === CAPSULE || kinds[shape] === CYLINDER) {
      const along = size[1] * axis(2, plane.right)
      const above = size[1] * axis(2, plane.up)
      shapes.push(
        line(...seen(right - along, up - above), ...seen(right + along, up + above), {
          stroke: colour,
          width: 2 * size[0] * scale,
        }),
      )
    } else if (kinds[shape] === BOX) {
      shapes.push(
        polyline(
          outline(right, up, size, axis, plane).map(([x, y]) => seen(x, y)),
          { fill: colour },
        ),
      )
    }
  }
  return picture(title, pixels, tall, shapes)
}

/** Corners of a box seen along the axis that is neither right nor up, where the box does not lean. */
function outline(
  right: number,
  up: number,
  size: Float64Array,
  axis: (j: number, along: number) => number,
  plane: Plane,
): readonly (readonly [number, number])[] {
  const [first, second] = [plane.right, plane.up]
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([i, j]) => [
    right + i * size[first] * axis(first, plane.right) + j * size[second] * axis(second, plane.right),
    up + i * size[first] * axis(first, plane.up) + j * size[second] * axis(second, plane.up),
  ])
}

import type { Ending, SparseSetting } from './sparse-setting.ts'

const steps = 120
const speed = 0.045
const hidden = 8
const bound = 5
const pictureSide = 16
const blob = 0.15
/** Strips a point cannot enter: x from, x to, y from, y to. */
const walls = [
  [-1, 0.7, -0.62, -0.54],
  [-0.7, 1, -0.2, -0.12],
  [-1, 0.7, 0.22, 0.3],
] as const

/** Weights of a tanh network from place to velocity: 8·(2 + 1) + 2·(8 + 1). */
export const genomeSize = hidden * 3 + 2 * (hidden + 1)

/**
 * A point among walls, 120 steps of at most 0.045 an axis, from (0, −0.8). Two small circles reward ending in them. The picture
 * is a Gaussian blob of 16×16 pixels at the final place.
 */
export const walledPoint: SparseSetting = {
  areas: [
    { x: -0.75, y: 0.8, radius: 0.08 },
    { x: 0.8, y: -0.35, radius: 0.06 },
  ],
  lower: [-1, -1],
  upper: [1, 1],
  pictureSize: pictureSide ** 2,
  initial: random => Float64Array.from(random.normals(genomeSize), weight => Math.min(bound, Math.max(-bound, weight))),
  run: genomes =>
    genomes.map((genome): Ending => {
      const position = walk(genome)
      return { genome, position, picture: blobAt(position) }
    }),
}

/** Where a controller ends. */
export function walk(genome: ArrayLike<number>): readonly [number, number] {
  let [x, y] = [0, -0.8]
  for (let step = 0; step < steps; step++) {
    let [right, up] = [genome[genomeSize - 2], genome[genomeSize - 1]]
    for (let unit = 0; unit < hidden; unit++) {
      const from = 5 * unit
      const activity = Math.tanh(genome[from] * x + genome[from + 1] * y + genome[from + 2])
      right += genome[from + 3] * activity
      up += genome[from + 4] * activity
    }
    const nextX = clamp(x + speed * Math.tanh(right))
    if (!blocked(nextX, y)) x = nextX
    const nextY = clamp(y + speed * Math.tanh(up))
    if (!blocked(x, nextY)) y = nextY
  }
  return [x, y]
}

function blocked(x: number, y: number): boolean {
  return walls.some(([left, right, bottom, top]) => x > left && x < right && y > bottom && y < top)
}

function clamp(place: number): number {
  return Math.min(1, Math.max(-1, place))
}

/** [256] exp(−distance²/(2·0.15²)) of the middles of pixels. */
function blobAt([x, y]: readonly [number, number]): Float32Array {
  return Float32Array.from({ length: pictureSide ** 2 }, (_, i) => {
    const column = (2 * (i % pictureSide) + 1) / pictureSide - 1
    const row = 1 - (2 * Math.floor(i / pictureSide) + 1) / pictureSide
    return Math.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * blob ** 2))
  })
}

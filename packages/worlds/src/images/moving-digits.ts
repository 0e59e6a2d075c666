import { assertInRange, assertInteger, GuerdonError, type Random } from '@guerdon/core'
import { digitGlyphs } from './digit-glyphs.ts'
import { imageAt, type LabelledImages } from './image-set.ts'

/** Eight directions, by the steps (right, down) of each. */
export const directions = {
  right: [1, 0],
  'right and down': [1, 1],
  down: [0, 1],
  'left and down': [-1, 1],
  left: [-1, 0],
  'left and up': [-1, -1],
  up: [0, -1],
  'right and up': [1, -1],
} as const

/** A direction of motion. */
export type Direction = keyof typeof directions

/** Choices of the videos. */
export interface MovingDigitsOptions {
  /** Videos. */
  readonly count: number
  /** Default 8. */
  readonly frames?: number
  /** Pixels along a side. Default 16. */
  readonly size?: number
  /** Digits in each video. Default 1. */
  readonly digits?: number
  /** Least and most pixels a frame along each axis that moves, drawn uniformly. Default [1, 2]. */
  readonly speed?: readonly [least: number, most: number]
  /** Default: right, down, left and up. */
  readonly directions?: readonly Direction[]
  /** Pictures of digits to move; labels are what captions say. Default `digitGlyphs()`. */
  readonly images?: LabelledImages
}

/** Short videos and what happens in them. */
export interface Videos {
  readonly count: number
  readonly frames: number
  readonly height: number
  readonly width: number
  /** [N][frames][height][width] in 0 … 1. */
  readonly pixels: Float32Array
  /** [N] for example "digit 3 moves left". */
  readonly captions: readonly string[]
  /** [N·digits] */
  readonly labels: Int32Array
  /** [N·digits] direction at the start; a bounce turns it later. */
  readonly directions: readonly Direction[]
  /** [N·digits] pixels a frame along each axis that moves. */
  readonly speeds: Float64Array
  /** [N·digits][frames][2] upper left corner (x, y) of each digit. */
  readonly corners: Float64Array
}

/**
 * Videos of digits that move at constant speed and bounce off the edges, where they overlap the brighter pixel is seen.
 * A digit between pixels is spread over its neighbours bilinearly, which keeps its mass and moves its centre of ink by
 * exactly its speed. Draws for each digit: picture, direction, speed, x, y.
 *
 * @throws invalid_option for sizes or speeds out of range, or pictures larger than a frame
 */
export function movingDigits(options: MovingDigitsOptions, random: Random): Videos {
  const { count, frames = 8, size = 16, digits = 1, speed = [1, 2], images = digitGlyphs() } = options
  const among = options.directions ?? ['right', 'down', 'left', 'up']
  assertInteger(count, 'count')
  assertInteger(frames, 'frames', 1)
  assertInteger(size, 'size', 1)
  assertInteger(digits, 'digits', 1)
  const room = [size - images.width, size - images.height] as const
  if (Math.min(...room) < 1) {
    throw new GuerdonError(
      'invalid_option',
      `expected frames larger than the pictures (${images.height}×${images.width}); got ${size} — size`,
      { path: ['size'] },
    )
  }
  assertInRange(speed[0], 'speed[0]', 0, Math.min(...room))
  assertInRange(speed[1], 'speed[1]', speed[0], Math.min(...room))
  const area = size * size
  const pixels = new Float32Array(count * frames * area)
  const labels = new Int32Array(count * digits)
  const speeds = new Float64Array(count * digits)
  const corners = new Float64Array(count * digits * frames * 2)
  const headings: Direction[] = []
  for (let k = 0; k < count * digits; k++) {
    const index = random.integer(images.count)
    const heading = random.choice(among)
    const pace = speed[0] === speed[1] ? speed[0] : random.uniform(speed[0], speed[1])
    labels[k] = images.labels[index]
    headings.push(heading)
    speeds[k] = pace
    for (let axis = 0; axis < 2; axis++) {
      const start = random.uniform(0, room[axis])
      for (let t = 0; t < frames; t++)
        corners[(k * frames + t) * 2 + axis] = bounced(start + t * pace * directions[heading][axis], room[axis])
    }
    for (let t = 0; t < frames; t++) {
      const frame = pixels.subarray((Math.floor(k / digits) * frames + t) * area)
      const at = (k * frames + t) * 2
      draw(imageAt(images, index), images, frame, size, corners[at], corners[at + 1])
    }
  }
  const said = headings.map((heading, k) => `digit ${labels[k]} moves ${heading}`)
  const captions = Array.from({ length: count }, (_, n) => said.slice(n * digits, (n + 1) * digits).join(', '))
  return { count, frames, height: size, width: size, pixels, captions, labels, directions: headings, speeds, corners }
}

/** Pixels of one video, [frames][height][width], within the array of all. */
export function videoAt(videos: Videos, index: number): Float32Array {
  const size = videos.frames * videos.height * videos.width
  return videos.pixels.subarray(index * size, (index + 1) * size)
}

/** A place on the unbounded line, folded into [0, room] by reflection at both ends. */
function bounced(place: number, room: number): number {
  const folded = ((place % (2 * room)) + 2 * room) % (2 * room)
  return folded > room ? 2 * room - folded : folded
}

/** Spreads a picture over the pixels about its corner, keeping the brighter of two. */
function draw(
  picture: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
  frame: Float32Array,
  size: number,
  x: number,
  y: number,
): void {
  const left = Math.floor(x)
  const top = Math.floor(y)
  const [right, down] = [x - left, y - top]
  const ink = (row: number, column: number) =>
    row < 0 || column < 0 || row >= height || column >= width ? 0 : picture[row * width + column]
  for (let row = 0; row <= height && top + row < size; row++)
    for (let column = 0; column <= width && left + column < size; column++) {
      const value =
        (1 - down) * ((1 - right) * ink(row, column) + right * ink(row, column - 1)) +
        down * ((1 - right) * ink(row - 1, column) + right * ink(row - 1, column - 1))
      const at = (top + row) * size + left + column
      frame[at] = Math.max(frame[at], value)
    }
}

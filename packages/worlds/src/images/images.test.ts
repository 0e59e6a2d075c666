import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { digitGlyphs } from './digit-glyphs.ts'
import { loadDigits } from './digits-node.ts'
import { brightness, inkCentre, motionOf, symmetry } from './gold.ts'
import { centroidClassifier, nearestImageClassifier } from './image-classifiers.ts'
import { imageAt, type LabelledImages, labelledImages, resizeByArea, selectImages, splitImages } from './image-set.ts'
import { type Direction, directions, movingDigits, videoAt } from './moving-digits.ts'
import { imagesSvg, imageText, videosSvg } from './pictures.ts'

const accuracy = (classify: (image: Float32Array) => number, test: LabelledImages) =>
  test.labels.filter((label, n) => classify(imageAt(test, n)) === label).length / test.count
const range = (count: number) => [...Array(count).keys()]

describe('handwritten digits', () => {
  const large = loadDigits()
  const digits = resizeByArea(large, { height: 8, width: 8 })

  it('are ten thousand, each pixel a byte', () => {
    expect(range(10).map(digit => large.labels.filter(label => label === digit).length)).toEqual([
      1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978,
    ])
    expect(large.pixels).toHaveLength(10_000 * 784)
    expect(large.pixels.every(value => Math.abs(255 * value - Math.round(255 * value)) < 1e-4)).toBe(true)
    expect(large.pixels.reduce((most, value) => Math.max(most, value), 0)).toBe(1)
  })

  it('keep their brightness when made smaller', () => {
    for (const n of [0, 4321, 9999])
      expect(brightness(imageAt(digits, n))).toBeCloseTo(brightness(imageAt(large, n)), 6)
    const some = loadDigits({ size: 8, digits: [3, 1], perDigit: 2 })
    expect([...some.labels]).toEqual([3, 3, 1, 1])
    expect([...imageAt(some, 2)]).toEqual([...imageAt(digits, 1001)])
  })

  it('are told apart by the nearest image, and less well by the nearest mean', () => {
    const { train, test } = splitImages(digits, new Random(1))
    expect([train.count, test.count]).toEqual([8000, 2000])
    const some = selectImages(test, range(200))
    const nearest = accuracy(nearestImageClassifier(train).classify, some)
    const centroid = accuracy(centroidClassifier(train).classify, test)
    expect(nearest).toBeGreaterThan(0.9)
    expect(centroid).toBeGreaterThan(0.72)
    expect(centroid).toBeLessThan(nearest)
  })

  it('are split by label, the same way for the same seed', () => {
    const few = loadDigits({ digits: [2, 7], perDigit: 10, size: 4 })
    const { train, test } = splitImages(few, new Random(4), { testShare: 0.3 })
    for (const part of [train, test]) {
      const twos = part.labels.filter(label => label === 2).length
      expect(2 * twos).toBe(part.count)
    }
    const seen = [train, test].flatMap(part => range(part.count).map(n => imageAt(part, n).join()))
    expect(new Set(seen)).toEqual(new Set(range(20).map(n => imageAt(few, n).join())))
    expect(splitImages(few, new Random(4), { testShare: 0.3 }).test).toEqual(test)
    expect(splitImages(few, new Random(5), { testShare: 0.3 }).test).not.toEqual(test)
  })
})

describe('area averaging', () => {
  it('shares the pixels an edge cuts', () => {
    const three = labelledImages(Float32Array.of(1, 0, 0.5), [0], { height: 1, width: 3 })
    // 1.5 old pixels under each new one: (1 + 0/2)/1.5 and (0/2 + 0.5)/1.5
    const two = resizeByArea(three, { height: 1, width: 2 })
    expect(two.pixels[0]).toBeCloseTo(1 / 1.5, 6)
    expect(two.pixels[1]).toBeCloseTo(0.5 / 1.5, 6)
    expect([...resizeByArea(three, { height: 2, width: 3 }).pixels]).toEqual([1, 0, 0.5, 1, 0, 0.5])
  })
})

describe('gold functions', () => {
  const shape = { height: 2, width: 2 }
  it('measure brightness, symmetry and the centre', () => {
    expect(brightness([0, 1, 1, 0])).toBe(0.5)
    expect(symmetry([1, 1, 0, 0], shape)).toBe(1)
    expect(symmetry([1, 1, 0, 0], { ...shape, axis: 'horizontal' })).toBe(0)
    expect(symmetry([1, 0, 1, 1], shape)).toBeCloseTo(2 / 3, 12)
    expect(symmetry([0, 0, 0, 0], shape)).toBe(1)
    expect(inkCentre([0, 1, 0, 1], shape)).toEqual([1, 0.5])
    expect(inkCentre([0, 0, 0, 0], shape)).toBeNull()
    expect(symmetry(imageAt(digitGlyphs(), 8), digitGlyphs())).toBe(1)
  })

  it.each<[string, () => unknown, RegExp]>([
    ['too few pixels', () => symmetry([1], shape), /4 pixels; got 1/],
    ['NaN', () => inkCentre([0, Number.NaN, 0, 0], shape), /pixel 1/],
    ['a dark frame', () => motionOf([1, 0, 0, 0, 0, 0, 0, 0], shape), /frame 1 is dark/],
    ['no images', () => centroidClassifier(labelledImages(new Float32Array(0), [], shape)), /got none/],
    [
      'other pixels',
      () => labelledImages(new Float32Array(3), [0], shape),
      /4 pixels, 2×2 for each of 1 labels; got 3/,
    ],
    ['a digit 10', () => loadDigits({ digits: [10] }), /digits in 0 … 9; got 10/],
    ['size 29', () => loadDigits({ size: 29 }), /size in 1 … 28; got 29/],
    ['frames too small', () => movingDigits({ count: 1, size: 7 }, new Random(1)), /7×5\); got 7 — size/],
    ['speeds in the wrong order', () => movingDigits({ count: 1, speed: [2, 1] }, new Random(1)), /speed\[1\]/],
    ['an index outside', () => selectImages(digitGlyphs(), [10]), /indices\[0\]/],
  ])('refuse %s', (_, run, message) => expect(run).toThrow(message))
})

describe('moving digits', () => {
  const all = Object.keys(directions) as Direction[]

  it('move by their speed in their direction, as the pixels show', () => {
    const videos = movingDigits({ count: 40, directions: all, speed: [0.5, 2] }, new Random(7))
    let straight = 0
    for (let n = 0; n < videos.count; n++) {
      const heading = directions[videos.directions[n]]
      const motion = motionOf(videoAt(videos, n), videos)
      for (let t = 0; t + 1 < videos.frames; t++) {
        const at = 2 * (n * videos.frames + t)
        const moved = [0, 1].map(axis => videos.corners[at + 2 + axis] - videos.corners[at + axis])
        moved.forEach((distance, axis) => {
          expect(motion.velocities[2 * t + axis]).toBeCloseTo(distance, 4)
        })
        if (moved.every((distance, axis) => Math.abs(distance - heading[axis] * videos.speeds[n]) < 1e-9)) straight++
        else continue
        if (t === 0) expect(motion.direction).toBe(videos.directions[n])
      }
      expect(motion.speed).toBeLessThan(videos.speeds[n] + 1e-4)
      expect(videos.captions[n]).toBe(`digit ${videos.labels[n]} moves ${videos.directions[n]}`)
    }
    expect(straight).toBeGreaterThan(100)
  })

  it('turn at the edge and stay whole', () => {
    const block = labelledImages(new Float32Array(4).fill(1), [5], { height: 2, width: 2 })
    const options = { count: 3, frames: 30, size: 6, images: block, directions: ['right'], speed: [1, 1] } as const
    const videos = movingDigits(options, new Random(2))
    for (let n = 0; n < 3; n++) {
      const video = videoAt(videos, n)
      for (let t = 0; t < 30; t++) {
        const frame = video.subarray(36 * t, 36 * (t + 1))
        expect(frame.reduce((sum, value) => sum + value, 0)).toBeCloseTo(4, 5)
      }
      // there and back is 2·(6 − 2) steps
      expect(videos.corners[60 * n + 16]).toBeCloseTo(videos.corners[60 * n], 12)
    }
  })

  it('are the same for the same seed and hold several digits', () => {
    const make = (seed: number) => movingDigits({ count: 2, digits: 2, frames: 3 }, new Random(seed))
    expect(make(1)).toEqual(make(1))
    expect(make(1).pixels).not.toEqual(make(2).pixels)
    expect(make(1).captions[0]).toMatch(/^digit \d moves \w+, digit \d moves \w+$/)
    expect(videosSvg(make(1)).match(/#000000/g)).toHaveLength(6)
  })
})

describe('pictures', () => {
  it('show dark and bright', () => {
    expect(imageText(imageAt(digitGlyphs(), 1), digitGlyphs())).toBe(
      ['  @  ', ' @@  ', '  @  ', '  @  ', '  @  ', '  @  ', ' @@@ '].join('\n'),
    )
    const drawn = imagesSvg(digitGlyphs(), { columns: 5 })
    expect(drawn).toContain('width="120" height="64"')
    expect(drawn.match(/#ffffff/g)).toHaveLength(digitGlyphs().pixels.filter(value => value === 1).length)
  })
})

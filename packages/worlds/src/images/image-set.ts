import { assertInRange, assertInteger, GuerdonError, type Random } from '@guerdon/core'

/** Grey images of one size, row by row. */
export interface ImageSet {
  readonly count: number
  readonly height: number
  readonly width: number
  /** [N][height][width], 0 dark to 1 bright. */
  readonly pixels: Float32Array
}

/** Images and what each shows. */
export interface LabelledImages extends ImageSet {
  /** [N] */
  readonly labels: Int32Array
}

/**
 * A set over given pixels.
 * @throws shape_mismatch when they are not `labels.length` images; not_finite naming the image
 */
export function labelledImages(
  pixels: Float32Array,
  labels: ArrayLike<number>,
  { height, width }: { readonly height: number; readonly width: number },
): LabelledImages {
  assertInteger(height, 'height', 1)
  assertInteger(width, 'width', 1)
  const size = height * width
  if (pixels.length !== labels.length * size) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${labels.length * size} pixels, ${height}×${width} for each of ${labels.length} labels; got ${pixels.length}`,
      { path: ['pixels'] },
    )
  }
  const bad = pixels.findIndex(value => !Number.isFinite(value))
  if (bad >= 0) {
    throw new GuerdonError(
      'not_finite',
      `expected finite pixels; got ${pixels[bad]} — image ${Math.floor(bad / size)}`,
      { path: ['pixels', bad] },
    )
  }
  return { count: labels.length, height, width, pixels, labels: Int32Array.from(labels) }
}

/** Pixels of image `index`, within the set's array. */
export function imageAt(images: ImageSet, index: number): Float32Array {
  const size = images.height * images.width
  return images.pixels.subarray(index * size, (index + 1) * size)
}

/** The images at these places, copied, in this order. */
export function selectImages(images: LabelledImages, indices: ArrayLike<number>): LabelledImages {
  const { height, width } = images
  const pixels = new Float32Array(indices.length * height * width)
  const labels = new Int32Array(indices.length)
  for (let i = 0; i < indices.length; i++) {
    assertInteger(indices[i], `indices[${i}]`)
    assertInRange(indices[i], `indices[${i}]`, 0, images.count - 1)
    pixels.set(imageAt(images, indices[i]), i * height * width)
    labels[i] = images.labels[indices[i]]
  }
  return { count: indices.length, height, width, pixels, labels }
}

/**
 * Images of another size by area averaging: a new pixel is the mean of the old ones under it, those cut by its edge
 * counted by the share that lies under it. Keeps the mean of every image.
 */
export function resizeByArea<Images extends ImageSet>(
  images: Images,
  { height, width }: { readonly height: number; readonly width: number },
): Images {
  const rows = overlaps(images.height, height)
  const columns = overlaps(images.width, width)
  const pixels = new Float32Array(images.count * height * width)
  let to = 0
  for (let n = 0; n < images.count; n++) {
    const from = imageAt(images, n)
    for (const row of rows)
      for (const column of columns) {
        let sum = 0
        for (const [y, inRow] of row)
          for (const [x, inColumn] of column) sum += inRow * inColumn * from[y * images.width + x]
        pixels[to++] = sum
      }
  }
  return { ...images, height, width, pixels }
}

/** For each new cell the old cells under it, with the share of the new cell that each covers. */
function overlaps(before: number, after: number): (readonly [cell: number, share: number])[][] {
  assertInteger(after, 'the new size', 1)
  const length = before / after
  return Array.from({ length: after }, (_, i) => {
    const [start, end] = [i * length, (i + 1) * length]
    const cells: (readonly [number, number])[] = []
    for (let cell = Math.floor(start); cell < Math.min(before, Math.ceil(end - 1e-9)); cell++)
      cells.push([cell, (Math.min(end, cell + 1) - Math.max(start, cell)) / length])
    return cells
  })
}

/** What is learnt from and what is kept apart to test on. */
export interface ImageSplit {
  readonly train: LabelledImages
  readonly test: LabelledImages
}

/**
 * Shuffles the images of every label and keeps the first round(share·n) of them to test on, so both parts have the
 * same mix of labels; then shuffles both. No image is in both.
 *
 * @param options.testShare in [0, 1]. Default 0.2
 */
export function splitImages(
  images: LabelledImages,
  random: Random,
  options: { readonly testShare?: number } = {},
): ImageSplit {
  const { testShare = 0.2 } = options
  assertInRange(testShare, 'testShare', 0, 1)
  const places = new Map<number, number[]>()
  images.labels.forEach((label, index) => {
    const known = places.get(label)
    if (known) known.push(index)
    else places.set(label, [index])
  })
  const train: number[] = []
  const test: number[] = []
  for (const label of [...places.keys()].sort((a, b) => a - b)) {
    const shuffled = random.shuffle(places.get(label) as number[])
    const kept = Math.round(testShare * shuffled.length)
    test.push(...shuffled.slice(0, kept))
    train.push(...shuffled.slice(kept))
  }
  return {
    train: selectImages(images, random.shuffle(train)),
    test: selectImages(images, random.shuffle(test)),
  }
}

/** Images one after another. */
export function joinImages(sets: readonly LabelledImages[]): LabelledImages {
  const [first] = sets
  if (!first) throw new GuerdonError('empty', 'expected at least one set of images; got none', { path: ['sets'] })
  const size = first.height * first.width
  const count = sets.reduce((sum, set) => sum + set.count, 0)
  const pixels = new Float32Array(count * size)
  const labels = new Int32Array(count)
  let at = 0
  for (const set of sets) {
    if (set.height !== first.height || set.width !== first.width) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected images of ${first.height}×${first.width}; got ${set.height}×${set.width}`,
        { path: ['sets'] },
      )
    }
    pixels.set(set.pixels, at * size)
    labels.set(set.labels, at)
    at += set.count
  }
  return { count, height: first.height, width: first.width, pixels, labels }
}

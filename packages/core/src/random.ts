import { GuerdonError } from './errors.ts'

const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85
const ROUNDS = 10

/** High 32 bits of the unsigned 64-bit product a·b. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const low = aLow * bLow
  const middle1 = aHigh * bLow + (low >>> 16)
  const middle2 = aLow * bHigh + (middle1 & 0xffff)
  return (aHigh * bHigh + Math.floor(middle1 / 65536) + Math.floor(middle2 / 65536)) >>> 0
}

/** Where a generator stands; plain data, restores it exactly. */
export interface RandomState {
  readonly key: readonly [number, number]
  /** Index of the next 32-bit word, as a safe integer. */
  readonly position: number
}

/**
 * Counter-based random numbers: Philox 4×32 with 10 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). The i-th number is a pure function of (key, i), so a stream can be split, skipped, stored and replayed at no
 * cost, and the same seed gives the same bytes on Node and in browsers. `normal` and `gumbel` take logarithms and cosines
 * of them, whose last bit JavaScript leaves to the engine: their draws agree between engines to rounding (1e-15).
 *
 * `split(label)` derives an independent stream from the key and a label without advancing this one.
 */
export class Random {
  readonly #key0: number
  readonly #key1: number
  #position: number
  readonly #block = new Uint32Array(4)
  #blockIndex = -1

  /** @param seed a safe integer, or a state from `state()`. */
  constructor(seed: number | RandomState) {
    if (typeof seed === 'number') {
      if (!Number.isSafeInteger(seed)) {
        throw new GuerdonError('invalid_option', `expected a seed that is a safe integer; got ${seed}`, {
          path: ['seed'],
        })
      }
      this.#key0 = seed >>> 0
      this.#key1 = Math.floor(seed / 2 ** 32) >>> 0
      this.#position = 0
    } else {
      this.#key0 = seed.key[0] >>> 0
      this.#key1 = seed.key[1] >>> 0
      this.#position = seed.position
    }
  }

  /** Serialisable position of the stream. */
  state(): RandomState {
    return { key: [this.#key0, this.#key1], position: this.#position }
  }

  /** An independent stream named by `label`; the same label always gives the same stream. */
  split(label: number | string): Random {
    const word = typeof label === 'number' ? label : hashText(label)
    const mixed = new Uint32Array(4)
    philox4x32(
      word >>> 0,
      Math.floor(word / 2 ** 32) >>> 0,
      typeof label === 'number' ? 1 : 2,
      0x73706c74,
      this.#key0,
      this.#key1,
      mixed,
    )
    return new Random({ key: [mixed[0], mixed[1]], position: 0 })
  }

  /** Next 32 random bits, in [0, 2³²). */
  uint32(): number {
    const blockIndex = Math.floor(this.#position / 4)
    if (blockIndex !== this.#blockIndex) {
      philox4x32(blockIndex >>> 0, Math.floor(blockIndex / 2 ** 32) >>> 0, 0, 0, this.#key0, this.#key1, this.#block)
      this.#blockIndex = blockIndex
    }
    return this.#block[this.#position++ & 3]
  }

  /** Uniform in [0, 1) with 53 random bits. */
  float(): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  /** Uniform in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.float()
  }

  /** Uniform integer in [0, bound), without modulo bias. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new GuerdonError('invalid_option', `expected an integer bound in [1, 2^32]; got ${bound}`, {
        path: ['bound'],
      })
    }
    const limit = 2 ** 32 - (2 ** 32 % bound)
    let word = this.uint32()
    while (word >= limit) word = this.uint32()
    return word % bound
  }

  /** Standard normal draw (Box–Muller; two uniforms a draw, so the stream position stays predictable). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()))
    return radius * Math.cos(2 * Math.PI * this.float())
  }

  /** `count` standard normal draws. */
  normals(count: number): Float64Array {
    const values = new Float64Array(count)
    for (let i = 0; i < count; i++) values[i] = this.normal()
    return values
  }

  /** Gumbel(0, 1) draw, for sampling by perturbed arg-max. */
  gumbel(): number {
    return -Math.log(-Math.log(this.float() + 2 ** -54))
  }

  /** True with probability `probability`. */
  bernoulli(probability: number): boolean {
    return this.float() < probability
  }

  /** Index drawn in proportion to non-negative `weights` (they need not sum to 1). */
  categorical(weights: ArrayLike<number>): number {
    let total = 0
    for (let i = 0; i < weights.length; i++) total += weights[i]
    if (!(total > 0) || !Number.isFinite(total)) {
      throw new GuerdonError('invalid_input', `expected weights with a positive finite sum; got sum ${total}`, {
        path: ['weights'],
      })
    }
    let remaining = this.float() * total
    for (let i = 0; i < weights.length; i++) {
      remaining -= weights[i]
      if (remaining < 0) return i
    }
    for (let i = weights.length - 1; i > 0; i--) if (weights[i] > 0) return i
    return 0
  }

  /** One entry of `values`, all equally likely. */
  choice<T>(values: readonly T[]): T {
    return values[this.integer(values.length)]
  }

  /** Shuffles in place (Fisher–Yates from the end) and returns its argument. */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const held = values[i]
      values[i] = values[j]
      values[j] = held
    }
    return values
  }

  /** A random ordering of 0 … count−1. */
  permutation(count: number): Int32Array {
    return this.shuffle(Int32Array.from({ length: count }, (_, i) => i))
  }
}

/**
 * One block of Philox 4×32-10: four words for a 128-bit counter under a 64-bit key (Salmon et al. 2011), written to `out`
 * [4]. `Random` is the convenient form.
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  key0: number,
  key1: number,
  out: Uint32Array,
): void {
  let k0 = key0
  let k1 = key1
  let x0 = c0
  let x1 = c1
  let x2 = c2
  let x3 = c3
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, x0)
    const low0 = Math.imul(MULTIPLIER_0, x0) >>> 0
    const high1 = multiplyHigh(MULTIPLIER_1, x2)
    const low1 = Math.imul(MULTIPLIER_1, x2) >>> 0
    x0 = (high1 ^ x1 ^ k0) >>> 0
    x1 = low1
    x2 = (high0 ^ x3 ^ k1) >>> 0
    x3 = low0
    k0 = (k0 + WEYL_0) >>> 0
    k1 = (k1 + WEYL_1) >>> 0
  }
  out[0] = x0
  out[1] = x1
  out[2] = x2
  out[3] = x3
}

/** 53-bit hash of a label (two FNV-1a passes), for naming streams. */
function hashText(text: string): number {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193) >>> 0
    high = Math.imul(high ^ (unit + i), 0x85ebca6b) >>> 0
  }
  return (high & 0x1fffff) * 2 ** 32 + low
}

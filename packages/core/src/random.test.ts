import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mean, pearsonCorrelation, philox4x32, Random, variance } from './index.ts'

const block = (random: Random) =>
  Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join(' ')

describe('Philox 4×32-10', () => {
  // Known answers of the Random123 distribution (kat_vectors): all zero, all ones, digits of π.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('answers counter %o under key %o', ([c0, c1, c2, c3], [key0, key1], expected) => {
    const out = new Uint32Array(4)
    philox4x32(c0, c1, c2, c3, key0, key1, out)
    expect(Array.from(out, word => word.toString(16).padStart(8, '0')).join(' ')).toBe(expected)
  })
  it('is what a stream is made of', () => {
    expect(block(new Random(0))).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8')
  })
  it('advances the counter by one a block', () => {
    const random = new Random(0)
    block(random)
    const second = block(random)
    expect(second).toBe(block(new Random({ key: [0, 0], position: 4 })))
    expect(second).not.toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8')
  })
})

describe('streams', () => {
  it('replay from a state at any position', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(50), (seed, skip) => {
        const random = new Random(seed)
        for (let i = 0; i < skip; i++) random.uint32()
        const copy = new Random(JSON.parse(JSON.stringify(random.state())))
        expect(block(copy)).toBe(block(random))
      }),
      { seed: 1 },
    )
  })
  it('split by label without advancing, each label its own stream', () => {
    const random = new Random(7)
    const before = random.state()
    const labels = [...Array(200).keys(), ...Array.from({ length: 200 }, (_, i) => `worker ${i}`)]
    const blocks = new Set(labels.map(label => block(random.split(label))))
    expect(blocks.size).toBe(labels.length)
    expect(random.state()).toEqual(before)
    expect(block(random.split('a'))).toBe(block(random.split('a')))
    expect(block(random.split(1))).not.toBe(block(random.split('1')))
  })
  it('split into uncorrelated numbers', () => {
    const count = 4000
    const draw = (random: Random) => Float64Array.from({ length: count }, () => random.float())
    const parent = new Random(3)
    const streams = [parent.split(0), parent.split(1), parent.split('0'), parent].map(draw)
    streams.forEach((first, i) => {
      streams.slice(i + 1).forEach(second => {
        // Standard error 1/√4000 = 0.016; five of them.
        expect(Math.abs(pearsonCorrelation(first, second) ?? 1)).toBeLessThan(0.08)
      })
    })
  })
  it('refuses a seed that is no safe integer', () => {
    expect(() => new Random(0.5)).toThrow(/safe integer/)
    expect(() => new Random(2 ** 60)).toThrow(/safe integer/)
  })
})

describe('distributions', () => {
  const count = 20_000
  const draws = (draw: (random: Random) => number) => {
    const random = new Random(42)
    return Float64Array.from({ length: count }, () => draw(random))
  }
  // Bounds are five standard errors of the sample mean and of the sample variance.
  it.each<[string, (random: Random) => number, number, number, number, number]>([
    ['uniform', random => random.float(), 0.5, 0.011, 1 / 12, 0.003],
    ['uniform on [2, 6)', random => random.uniform(2, 6), 4, 0.041, 16 / 12, 0.043],
    ['normal', random => random.normal(), 0, 0.036, 1, 0.05],
    ['Gumbel', random => random.gumbel(), 0.5772156649, 0.046, Math.PI ** 2 / 6, 0.12],
    ['Bernoulli 0.3', random => Number(random.bernoulli(0.3)), 0.3, 0.017, 0.21, 0.007],
    ['integer below 10', random => random.integer(10), 4.5, 0.102, 8.25, 0.26],
    ['categorical 1:3', random => random.categorical([1, 0, 3]), 1.5, 0.031, 0.75, 0.031],
  ])('%s', (_, draw, centre, centreBound, spread, spreadBound) => {
    const values = draws(draw)
    expect(Math.abs(mean(values) - centre)).toBeLessThan(centreBound)
    expect(Math.abs(variance(values, { ddof: 1 }) - spread)).toBeLessThan(spreadBound)
  })
  it('never draws what has no weight, and stays below the bound', () => {
    const random = new Random(5)
    for (let i = 0; i < 2000; i++) {
      expect(random.categorical([0, 2, 0, 1, 0]) % 2).toBe(1)
      expect(random.float()).toBeLessThan(1)
      expect(random.integer(3)).toBeLessThan(3)
    }
    expect(() => random.categorical([0, 0])).toThrow(/positive finite sum/)
    expect(() => random.integer(0)).toThrow(/bound/)
  })
  it('orders every permutation about as often', () => {
    const random = new Random(9)
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const key = random.permutation(3).join('')
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    // 1000 expected each, standard error 29; five of them.
    for (const times of counts.values()) expect(Math.abs(times - 1000)).toBeLessThan(145)
    expect(counts.size).toBe(6)
    expect(random.shuffle(['a', 'b', 'c']).sort()).toEqual(['a', 'b', 'c'])
    expect(['x', 'y']).toContain(random.choice(['x', 'y']))
  })
})

import { Random } from '@guerdon/core'
import { logSignature, signature } from '@guerdon/methods/exploration/taxons-serene'
import { describe, expect, it } from 'vitest'
import { trialOf } from '../../claims/trial-of.ts'
import { taxonsSerene } from '../taxons-serene.ts'
import { arm } from './arm.ts'
import { type SearchSettings, search } from './search.ts'
import { genomeSize, walk, walledPoint } from './walled-point.ts'

/** A network without inputs: both outputs are biases. */
function constant(right: number, up: number): Float64Array {
  const genome = new Float64Array(genomeSize)
  genome.set([right, up], genomeSize - 2)
  return genome
}

describe('the point behind walls', () => {
  it('stays where it starts without a push, and stops at walls and the border', () => {
    expect(walk(constant(0, 0))).toEqual([0, -0.8])
    const [x, y] = walk(constant(0, 9))
    expect(x).toBe(0)
    // the first wall begins at −0.62
    expect(y).toBeLessThanOrEqual(-0.62)
    expect(y).toBeGreaterThan(-0.62 - 0.045)
    expect(walk(constant(-9, 0))).toEqual([-1, -0.8])
  })

  it('is seen as a blob at its place', async () => {
    const [{ picture }] = await walledPoint.run([constant(-9, 0)])
    expect(picture).toHaveLength(256)
    // the leftmost column, in the row that holds −0.8
    expect(picture.indexOf(Math.max(...picture))).toBe(14 * 16)
  })
})

it('straight, the arm just reaches the border', async () => {
  const [{ position, picture }] = await arm.run([new Float64Array(20)])
  expect(position[0]).toBeCloseTo(1, 12)
  expect(position[1]).toBeCloseTo(0.5, 12)
  expect(picture).toHaveLength(256)
})

describe('signatures of a path', () => {
  // once around the unit square, either way
  const around = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
    [0, 0],
  ]
  const apart = (describe: (path: readonly (readonly number[])[]) => ArrayLike<number>): number => {
    const [one, other] = [describe(around), describe([...around].reverse())]
    return Math.hypot(...Array.from(one, (value, i) => value - other[i]))
  }

  it('tell ways apart that end at the same place', () => {
    expect(apart(path => path[path.length - 1])).toBe(0)
    expect(apart(path => logSignature(path))).toBeCloseTo(2, 12)
    expect(apart(path => signature(path, { depth: 2 }))).toBeCloseTo(Math.sqrt(8), 12)
  })
})

describe('a search', () => {
  const mechanism = taxonsSerene.studies.mechanism!
  const size = { evaluations: 200, populationSize: 10, chunk: 60, sigma: 0.3, emitterSteps: 5, epochs: 2 }
  const run = (id: string) => {
    const settings = mechanism.arms.find(candidate => candidate.id === id)!.settings as SearchSettings
    return search(walledPoint, size, { ...trialOf(mechanism, id), settings, random: new Random(4) })
  }

  it('is decided by its seed, and spends what it was given', async () => {
    const [first, again, chance] = [await run('stax'), await run('stax'), await run('random')]
    expect(again).toEqual(first)
    expect(first.spent['encoderTrainings']).toBeGreaterThan(0)
    for (const { spent } of [first, chance]) {
      expect(spent['evaluations']).toBeGreaterThanOrEqual(200)
      expect(spent['evaluations']).toBeLessThan(300)
    }
  })
})

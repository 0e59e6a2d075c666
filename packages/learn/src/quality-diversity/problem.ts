import { assertSameLength, GuerdonError, type Random } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'

/** What a genome came to. */
export interface Evaluation {
  /** Higher is better. */
  readonly fitness: number
  /** [b] where the behaviour lies; must be there unless descriptors are learnt from observations. */
  readonly descriptor?: ArrayLike<number>
  /** [p] what was seen of it, for learnt descriptors. */
  readonly observation?: ArrayLike<number>
}

/** What is searched. */
export interface QdProblem {
  readonly name: string
  /** D, numbers of a genome. */
  readonly genomeSize: number
  /** b, numbers of a descriptor. */
  readonly descriptorSize: number
  /** Held by every gene. Default none. */
  readonly bounds?: readonly [lower: number, upper: number]
  /** A genome of the initial distribution. */
  initial(random: Random): Float64Array
  /** Runs genomes, one evaluation each, in order. The same genome must always come to the same. */
  evaluate(genomes: readonly Float64Array[]): readonly Evaluation[] | Promise<readonly Evaluation[]>
}

/** A genome that was run. */
export interface Individual {
  readonly genome: Float64Array
  readonly fitness: number
  /** [b]; of length 0 where it is learnt. */
  readonly descriptor: Float64Array
  /** [p]; of length 0 where there is none. */
  readonly observation: Float64Array
}

/**
 * Runs a batch of genomes and checks what came of it.
 *
 * @param before genomes run before, so that errors can count
 * @throws shape_mismatch, not_finite naming the genome by its number in the run
 */
export async function evaluateGenomes(
  problem: QdProblem,
  genomes: readonly Float64Array[],
  before: number,
): Promise<Individual[]> {
  const evaluations = await problem.evaluate(genomes)
  assertSameLength(genomes, 'genomes', evaluations, 'evaluations')
  return evaluations.map(({ fitness, descriptor = [], observation = [] }, i) => {
    const which = `genome ${before + i} of ${problem.name}`
    assertNumbers([fitness], 'fitness', which)
    assertNumbers(descriptor, 'descriptor', which)
    assertNumbers(observation, 'observation', which)
    if (descriptor.length !== problem.descriptorSize) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected a descriptor of ${problem.descriptorSize} numbers; got ${descriptor.length} — ${which}`,
        {
          path: ['descriptor'],
          hint: 'set descriptorSize to what evaluate returns, 0 for descriptors that are learnt',
        },
      )
    }
    return {
      genome: genomes[i],
      fitness,
      descriptor: Float64Array.from(descriptor),
      observation: Float64Array.from(observation),
    }
  })
}

function assertNumbers(values: ArrayLike<number>, what: string, which: string): void {
  for (let k = 0; k < values.length; k++) {
    if (Number.isFinite(values[k])) continue
    throw new GuerdonError('not_finite', `expected a finite ${what}; got ${values[k]} — ${which}`, {
      path: [what, k],
      hint: 'the evaluation function is at fault: look at what it does with this genome',
    })
  }
}

/** Rows of one width as an array [n][width], to be saved. */
export function packRows(rows: readonly ArrayLike<number>[]): NdArray {
  const width = rows[0]?.length ?? 0
  const data = new Float64Array(rows.length * width)
  for (const [i, row] of rows.entries()) data.set(row, i * width)
  return { dtype: 'float64', shape: [rows.length, width], data }
}

/** The inverse of `packRows`. */
export function unpackRows({ shape, data }: NdArray): Float64Array[] {
  const [count, width] = shape
  return Array.from({ length: count }, (_, i) => Float64Array.from(data.subarray(i * width, (i + 1) * width)))
}

/** Individuals as arrays, to be saved. */
export function packIndividuals(individuals: readonly Individual[]): Record<string, NdArray> {
  return {
    genomes: packRows(individuals.map(({ genome }) => genome)),
    fitness: packRows(individuals.map(({ fitness }) => [fitness])),
    descriptors: packRows(individuals.map(({ descriptor }) => descriptor)),
    observations: packRows(individuals.map(({ observation }) => observation)),
  }
}

/** The inverse of `packIndividuals`. */
export function unpackIndividuals(arrays: Readonly<Record<string, NdArray>>): Individual[] {
  const [genomes, descriptors, observations] = ['genomes', 'descriptors', 'observations'].map(name =>
    unpackRows(arrays[name]),
  )
  const { data } = arrays['fitness']
  return genomes.map((genome, i) => ({
    genome,
    fitness: data[i],
    descriptor: descriptors[i],
    observation: observations[i],
  }))
}

import type { DType, NdArray, Tensor } from '@guerdon/tensor'
import * as t from '@guerdon/tensor'
import { expect } from 'vitest'

type Numbers = (number | 'Infinity' | '-Infinity')[]

interface Stored {
  dtype: DType
  shape: number[]
  data: Numbers
}

/** One case of record.py; see there. */
export interface Recorded {
  name: string
  inputs: Stored[]
  outputs: Stored[]
  cotangents?: (Numbers | null)[]
  gradients?: (Numbers | null)[]
  directions?: Numbers[]
  second?: (Numbers | null)[]
}

/** A whole recording. */
export interface Recording {
  torch: string
  cases: Recorded[]
  optimisers: { name: string; parameters: Stored[]; gradients: Numbers[][]; after: Numbers[][] }[]
  schedules: { name: string; rates: number[] }[]
}

/** How a function is run: by the interpreter, or compiled. */
export type Runner = (f: (...args: Tensor[]) => Tensor[], args: NdArray[]) => NdArray[] | Promise<NdArray[]>

/** The array a recording describes. */
export function restore(stored: Stored): NdArray {
  const data = t.ndarray(stored.data.map(Number), { dtype: stored.dtype }).data
  return { dtype: stored.dtype, shape: stored.shape, data }
}

/**
 * Runs a case forward, backward and backward again and compares every number: |ours − theirs| ≤ tolerance·(1 + |theirs|).
 */
export async function compareCase(
  recorded: Recorded,
  f: (...inputs: Tensor[]) => Tensor | Tensor[],
  run: Runner,
  tolerance: number,
): Promise<void> {
  const inputs = recorded.inputs.map(restore)
  const isReal = (array: { dtype: DType }) => array.dtype === 'float64'
  const outputsOf = (args: Tensor[]) => [f(...args)].flat()

  const outputs = await run((...args) => outputsOf(args), inputs)
  expect(outputs.map(output => output.shape)).toEqual(recorded.outputs.map(output => output.shape))
  outputs.forEach((output, i) => {
    compare(output, recorded.outputs[i].data, tolerance, `output ${i}`)
    if (!isReal(recorded.outputs[i])) expect(output.dtype).toBe(recorded.outputs[i].dtype)
  })
  if (recorded.cotangents === undefined) return

  const reals = inputs.flatMap((input, i) => (isReal(input) ? [i] : []))
  const seeds = recorded.cotangents.map((seed, i) => seed && shaped(seed, recorded.outputs[i].shape))
  const slopes = (args: Tensor[], cotangents: Tensor[]) => {
    let used = 0
    const terms = outputsOf(args).flatMap((output, i) => (seeds[i] ? [t.sum(t.mul(output, cotangents[used++]))] : []))
    const total = terms.reduce((a, b) => t.add(a, b))
    const wrt = reals.map(i => args[i])
    return t.gradients(total, wrt)
  }
  const given = seeds.filter(seed => seed !== null)
  const first = await run(
    (...all) => slopes(all.slice(0, inputs.length), all.slice(inputs.length)),
    [...inputs, ...given],
  )
  for (const [i, gradient] of first.entries()) {
    compare(gradient, recorded.gradients?.[i], tolerance, `gradient ${reals[i]}`)
  }

  const directions = recorded.directions!.map((direction, i) => shaped(direction, inputs[reals[i]].shape))
  const second = await run(
    (...all) => {
      const args = all.slice(0, inputs.length)
      const along = all.slice(inputs.length + given.length)
      const products = slopes(args, all.slice(inputs.length)).map((slope, i) => t.sum(t.mul(slope, along[i])))
      const wrt = reals.map(i => args[i])
      return t.gradients(
        products.reduce((a, b) => t.add(a, b)),
        wrt,
      )
    },
    [...inputs, ...given, ...directions],
  )
  for (const [i, gradient] of second.entries()) {
    compare(gradient, recorded.second?.[i], tolerance, `second ${reals[i]}`)
  }
}

function shaped(data: Numbers, shape: readonly number[]): NdArray {
  return { dtype: 'float64', shape, data: Float64Array.from(data, Number) }
}

/** Compares an array with recorded numbers; what PyTorch says does not depend on an input is zero. */
export function compare(array: NdArray, expected: Numbers | null | undefined, tolerance: number, what: string): void {
  const theirs = expected ?? Array(array.data.length).fill(0)
  expect(array.data.length, what).toBe(theirs.length)
  theirs.forEach((value, i) => {
    const [mine, other] = [array.data[i], Number(value)]
    const close = mine === other || Math.abs(mine - other) <= tolerance * (1 + Math.abs(other))
    if (!close) expect.fail(`${what}[${i}]: expected ${other}; got ${mine}`)
  })
}

import type { Random } from '@guerdon/core'
import type { Tensor } from '../graph.ts'
import type { NdArray } from '../ndarray.ts'
import { add, mul, sub } from '../operators/binary.ts'
import { zeros } from '../operators/fill.ts'
import { reshape, sliceAxis, split, stack } from '../operators/layout.ts'
import { cast } from '../operators/operands.ts'
import { sigmoid, tanh } from '../operators/unary.ts'
import { type Dense, dense } from './dense.ts'
import { uniformArray } from './initialise.ts'

/** Parameters of {@link gru}: `[inputs][3·width]` and `[width][3·width]` with biases, gates in the order reset, update, new. */
export interface Gru<T = Tensor> {
  input: Dense<T>
  hidden: Dense<T>
}

/** New parameters, uniform in ±1/√width. */
export function gruParameters(random: Random, options: { inputs: number; width: number }): Gru<NdArray> {
  const { inputs, width } = options
  const bound = 1 / Math.sqrt(width)
  const layer = (rows: number) => ({
    weight: uniformArray(random, [rows, 3 * width], bound),
    bias: uniformArray(random, [3 * width], bound),
  })
  return { input: layer(inputs), hidden: layer(width) }
}

function update(parameters: Gru, projected: Tensor, state: Tensor): Tensor {
  const [inputReset, inputUpdate, inputNew] = split(projected, 3, { axis: -1 })
  const [hiddenReset, hiddenUpdate, hiddenNew] = split(dense(parameters.hidden, state), 3, { axis: -1 })
  const reset = sigmoid(add(inputReset, hiddenReset))
  const keep = sigmoid(add(inputUpdate, hiddenUpdate))
  const candidate = tanh(add(inputNew, mul(reset, hiddenNew)))
  return add(candidate, mul(keep, sub(state, candidate)))
}

/** One step: x `[B][inputs]`, state `[B][width]` → the next state. */
export function gruStep(parameters: Gru, x: Tensor, state: Tensor): Tensor {
  return update(parameters, dense(parameters.input, x), state)
}

/**
 * Gated recurrent unit over x `[B][T][inputs]` (Cho et al. 2014, the form with the reset gate after the product):
 * r = σ(W_r x + U_r h), z = σ(W_z x + U_z h), n = tanh(W_n x + b + r⊙(U_n h + c)), h ← (1 − z)⊙n + z⊙h. The steps are
 * unrolled. Gives all states `[B][T][width]` and the last one; the first is zero unless given.
 */
export function gru(parameters: Gru, x: Tensor, options: { state?: Tensor } = {}): { outputs: Tensor; state: Tensor } {
  const [batch, length] = x.shape
  const width = parameters.hidden.weight.shape[0]
  const projected = dense(parameters.input, x)
  let state = options.state ?? cast(zeros([batch, width]), x.dtype)
  const outputs: Tensor[] = []
  for (let step = 0; step < length; step++) {
    state = update(parameters, reshape(sliceAxis(projected, 1, step, step + 1), [batch, 3 * width]), state)
    outputs.push(state)
  }
  return { outputs: stack(outputs, { axis: 1 }), state }
}

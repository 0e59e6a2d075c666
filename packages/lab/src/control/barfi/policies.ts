import type { Random } from '@guerdon/core'
import { type Dense, matmul, mlp, mlpParameters, ndarray, type Tensor, tanh } from '@guerdon/tensor'
import type { PolicyNetwork } from './learner.ts'

/** A table of logits over one-hot places, all 0 at first. */
export function tabularPolicy(features: number, actions: number): PolicyNetwork<Tensor> {
  return {
    initial: ndarray(Array.from({ length: features }, () => new Array<number>(actions).fill(0))),
    logits: (table, described) => matmul(described, table),
  }
}

/** A network with one layer of 32 tanh units. */
export function networkPolicy(features: number, actions: number, random: Random): PolicyNetwork<Dense[]> {
  return {
    initial: mlpParameters(random, [features, 32, actions]),
    logits: (parameters, described) => mlp(parameters, described, { activation: tanh }),
  }
}

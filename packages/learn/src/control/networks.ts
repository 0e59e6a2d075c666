import {
  type Compiled,
  type Concrete,
  compile,
  type Dense,
  isNdArray,
  type NdArray,
  type Tensor,
  treeLeaves,
} from '@guerdon/tensor'
import { type ActorCritic, actorOutputs, stateValues } from './actor-critic.ts'

/** The two networks compiled for fixed numbers of observations. */
export interface Networks {
  /** Logits or means of `actorRows` observations, [actorRows·A]. */
  act(parameters: ActorCritic<NdArray>, observations: Float32Array): Promise<Float32Array>
  /** Values of `criticRows` observations, [criticRows]. */
  value(parameters: ActorCritic<NdArray>, observations: Float32Array): Promise<Float32Array>
}

/** Compiles both networks at their first use. */
export function compileNetworks(options: {
  readonly observationSize: number
  readonly actorRows: number
  readonly criticRows: number
  readonly threads: number
}): Networks {
  const { observationSize, actorRows, criticRows, threads } = options
  return {
    act: forward(actorOutputs, { of: parameters => parameters.actor, rows: actorRows, observationSize, threads }),
    value: forward(stateValues, { of: parameters => parameters.critic, rows: criticRows, observationSize, threads }),
  }
}

function forward(
  network: (layers: Dense[], observations: Tensor) => Tensor,
  options: {
    of(parameters: ActorCritic<NdArray>): Dense<NdArray>[]
    readonly rows: number
    readonly observationSize: number
    readonly threads: number
  },
): Networks['act'] {
  const { of, rows, observationSize, threads } = options
  let compiled: Promise<Compiled<[Dense[], Tensor], Tensor>> | undefined
  return async (parameters, data) => {
    const layers = of(parameters)
    const observations: NdArray = { dtype: 'float32', shape: [rows, observationSize], data }
    compiled ??= compile(network, [layers, observations] as Concrete<[Dense[], Tensor]>, { threads })
    const [result] = await (await compiled).runArrays([...treeLeaves(layers, isNdArray), observations])
    return result.data as Float32Array
  }
}

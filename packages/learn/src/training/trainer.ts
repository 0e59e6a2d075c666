import { GuerdonError } from '@guerdon/core'
import {
  adamW,
  type Concrete,
  type Evaluated,
  jit,
  type NdArray,
  type OptimiserState,
  type Tensor,
  valueAndGrad,
} from '@guerdon/tensor'

/** How parameters are updated. */
export interface TrainerOptions {
  readonly learningRate: number
  /** Gradients are scaled down to this global 2-norm. Default: not. */
  readonly maximumGradientNorm?: number
  /** Decoupled weight decay. Default 0. */
  readonly weightDecay?: number
  /** Threads of the runtime. Default 1, right when several runs go in parallel. */
  readonly threads?: number
}

/** A loss, and scalars measured on the way. */
export interface MeasuredLoss {
  readonly loss: Tensor
  readonly measured: { readonly [name: string]: Tensor }
}

/** What one step measured, as numbers. */
export interface StepResult {
  readonly loss: number
  /** 2-norm of the gradient before clipping. */
  readonly gradientNorm: number
  readonly measured: Readonly<Record<string, number>>
}

/** All that a trainer remembers from one step to the next. */
export interface TrainerState<P> {
  readonly parameters: Evaluated<P>
  readonly optimiser: OptimiserState<NdArray>
}

/** Parameters, optimiser state, and the step that moves them. */
export interface Trainer<P, B> {
  parameters(): Evaluated<P>
  state(): TrainerState<P>
  /** Goes on from a state of the same form. */
  restore(state: TrainerState<P>): void
  /** One update. Throws `not_finite` when loss or gradient is not finite; parameters then stay as they were. */
  step(batch: Evaluated<B>): Promise<StepResult>
}

/**
 * A trainer with AdamW. Forward pass, gradient, clipping and update are one compiled graph and one call; parameters and
 * optimiser state are its inputs and outputs.
 */
export function createTrainer<P, B>(
  initial: Evaluated<P>,
  loss: (parameters: P, batch: B) => MeasuredLoss,
  options: TrainerOptions,
): Trainer<P, B> {
  const { learningRate, maximumGradientNorm, weightDecay = 0, threads = 1 } = options
  const optimiser = adamW({
    learningRate,
    weightDecay,
    ...(maximumGradientNorm === undefined ? {} : { clipNorm: maximumGradientNorm }),
  })
  const differentiated = valueAndGrad(
    (parameters: P, batch: B) => {
      const { loss: value, measured } = loss(parameters, batch)
      return [value, measured] as const
    },
    { hasAux: true },
  )
  const update = jit(
    (parameters: P, state: OptimiserState, batch: B) => {
      const { value, gradient, aux } = differentiated(parameters, batch)
      return { ...optimiser.update(gradient as P, state, parameters), loss: value, measured: aux }
    },
    { threads },
  )
  let parameters = initial
  let state = optimiser.initial(initial)
  return {
    parameters: () => parameters,
    state: () => ({ parameters, optimiser: state }),
    restore: from => {
      parameters = from.parameters
      state = from.optimiser
    },
    async step(batch) {
      const args = [parameters, state, batch] as unknown as Concrete<[P, OptimiserState, B]>
      const result = await update(...args)
      const [value, gradientNorm] = [scalar(result.loss), scalar(result.gradientNorm)]
      if (!Number.isFinite(value) || !Number.isFinite(gradientNorm)) {
        throw new GuerdonError('not_finite', `expected a finite loss and gradient; got ${value} and ${gradientNorm}`, {
          hint: 'training has diverged: lower the learning rate, or clip gradients with maximumGradientNorm',
        })
      }
      parameters = result.parameters as Evaluated<P>
      state = result.state as OptimiserState<NdArray>
      const measured = result.measured as Readonly<Record<string, NdArray>>
      return {
        loss: value,
        gradientNorm,
        measured: Object.fromEntries(Object.entries(measured).map(([name, array]) => [name, scalar(array)])),
      }
    },
  }
}

function scalar(array: NdArray): number {
  return array.data[0]
}

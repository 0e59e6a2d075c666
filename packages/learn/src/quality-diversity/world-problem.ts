import { assertInteger, GuerdonError } from '@guerdon/core'
import type { WorldDefinition } from '@guerdon/worlds/world/definition'
import { sizeOf } from '@guerdon/worlds/world/space'
import { vectorWorld } from '@guerdon/worlds/world/vector-world'
import type { Evaluation, QdProblem } from './problem.ts'

/** How an episode is judged. */
export interface WorldProblemOptions {
  /** Decides the start of every episode, which is the same for all genomes. */
  readonly seed: number
  /** Widths of the controller's hidden layers. Default [16]. */
  readonly hidden?: readonly number[]
  /** Steps after which an episode is cut off. Default the world's. */
  readonly horizon?: number
  /** Weights are held in ±this. Default 5. */
  readonly bound?: number
  /** Deviation of first weights. Default 1. */
  readonly spread?: number
  /** [D] observations are divided by these before the controller sees them. Default 1 each. */
  readonly scale?: ArrayLike<number>
  /** b, numbers of `descriptor`. */
  readonly descriptorSize: number
  /** What the last state of an episode comes to. `totalReward` is undiscounted. */
  judge(last: {
    readonly observation: ArrayLike<number>
    readonly state: ArrayLike<number>
    readonly totalReward: number
    readonly steps: number
  }): Evaluation
}

/**
 * Controllers of a world as genomes: the weights of a tanh network from observation to action, whose outputs in (−1, 1) are
 * stretched over the bounds of continuous actions, or of which the largest names a discrete one. An evaluation plays one
 * episode; a batch of genomes plays side by side. Initial genomes are N(0, spread²) held in the bounds.
 *
 * @throws unsupported for observations that are no vectors, actions without bounds, and worlds that draw within a step
 */
export function worldProblem(definition: WorldDefinition, options: WorldProblemOptions): QdProblem {
  const { seed, hidden = [16], horizon = definition.horizon, bound = 5, spread = 1, descriptorSize, judge } = options
  const { observationSpace, actionSpace } = definition
  assertInteger(descriptorSize, 'descriptorSize')
  const discrete = actionSpace.kind === 'discrete'
  if (observationSpace.kind !== 'box' || (!discrete && [...actionSpace.low, ...actionSpace.high].includes(null))) {
    throw new GuerdonError(
      'unsupported',
      `expected vectors as observations and bounded actions; ${definition.name} has others`,
      {
        path: ['definition'],
      },
    )
  }
  if (definition.stochastic) {
    throw new GuerdonError('unsupported', `expected a world without chance in its steps; ${definition.name} has some`, {
      path: ['definition'],
      hint: 'a genome must always come to the same: switch the noise off, or evaluate means of your own',
    })
  }
  const size = sizeOf(observationSpace)
  const actionSize = sizeOf(actionSpace)
  const widths = [size, ...hidden, discrete ? actionSpace.count : actionSize]
  const scale = Float64Array.from(options.scale ?? new Float64Array(size).fill(1))
  const genomeSize = widths.slice(1).reduce((total, width, i) => total + width * (widths[i] + 1), 0)
  const layers = widths.map(width => new Float64Array(width))

  /** Runs the network of a genome on `layers[0]`; its outputs are the last layer. */
  function forward(genome: Float64Array): Float64Array {
    let at = 0
    for (let l = 1; l < widths.length; l++) {
      const [from, to] = [layers[l - 1], layers[l]]
      for (let j = 0; j < to.length; j++) {
        let sum = genome[at++]
        for (let i = 0; i < from.length; i++) sum += genome[at++] * from[i]
        to[j] = Math.tanh(sum)
      }
    }
    return layers[layers.length - 1]
  }

  function act(genome: Float64Array, observations: ArrayLike<number>, copy: number, actions: Float64Array): void {
    for (let k = 0; k < size; k++) layers[0][k] = observations[copy * size + k] / scale[k]
    const outputs = forward(genome)
    if (actionSpace.kind === 'discrete') {
      let first = 0
      for (let a = 1; a < outputs.length; a++) if (outputs[a] > outputs[first]) first = a
      actions[copy] = first
      return
    }
    for (let a = 0; a < actionSize; a++) {
      const [low, high] = [actionSpace.low[a]!, actionSpace.high[a]!]
      actions[copy * actionSize + a] = low + ((outputs[a] + 1) / 2) * (high - low)
    }
  }

  function evaluate(genomes: readonly Float64Array[]): Evaluation[] {
    const copies = genomes.length
    if (copies === 0) return []
    const world = vectorWorld(definition, { copies, seed, autoreset: 'next-step', horizon })
    const { stateSize } = definition
    // all genomes begin where the first copy does
    world.reset({ states: Float64Array.from({ length: copies * stateSize }, (_, i) => world.states[i % stateSize]) })
    const actions = new Float64Array(copies * actionSize)
    const totals = new Float64Array(copies)
    const results: (Evaluation | undefined)[] = new Array(copies)
    let running = copies
    for (let step = 1; running > 0; step++) {
      for (let copy = 0; copy < copies; copy++)
        if (!results[copy]) act(genomes[copy], world.observations, copy, actions)
      world.step(actions)
      for (let copy = 0; copy < copies; copy++) {
        if (results[copy]) continue
        totals[copy] += world.rewards[copy]
        if ((world.terminated[copy] | world.truncated[copy]) === 0) continue
        results[copy] = judge({
          observation: world.finalObservations.slice(copy * size, (copy + 1) * size),
          state: world.states.slice(copy * stateSize, (copy + 1) * stateSize),
          totalReward: totals[copy],
          steps: step,
        })
        running--
      }
    }
    return results as Evaluation[]
  }

  return {
    name: `${definition.name} by ${widths.join('-')} networks`,
    genomeSize,
    descriptorSize,
    bounds: [-bound, bound],
    initial: random =>
      Float64Array.from(random.normals(genomeSize), weight => Math.min(bound, Math.max(-bound, spread * weight))),
    evaluate,
  }
}

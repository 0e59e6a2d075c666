import { assertFinite, assertSameLength, GuerdonError } from '@guerdon/core'

/**
 * A batch of environment steps as a learner samples it. Channels stay apart, so that a reward that is still changing
 * (learned, adversarial, meta-learned) is computed anew from them and never stored combined.
 */
export interface Transitions {
  /** [N] reward of the task itself. */
  readonly reward: Float64Array
  /** [N] each: heuristic rewards, potentials, discriminator scores … by name. */
  readonly auxiliary: Readonly<Record<string, Float64Array>>
  /** [N] each: indicator or real costs by name. */
  readonly costs: Readonly<Record<string, Float64Array>>
  /** [N] 1 where the episode ended by the task's own rule: nothing follows, values there are 0. */
  readonly terminated: Uint8Array
  /** [N] 1 where it was cut off: the next state has a value, bootstrap from it. */
  readonly truncated: Uint8Array
  /** [N] 1 where an episode begins; all rows are unrelated when absent. */
  readonly episodeStart?: Uint8Array
  /** [N] tabular state before and after the step. */
  readonly states?: Int32Array
  readonly nextStates?: Int32Array
  /** [N] discrete action. */
  readonly actions?: Int32Array
  /** [N·A] π(·|s) at sampling time. */
  readonly actionProbabilities?: Float64Array
  /** [N·D] features of the state before the step. */
  readonly features?: Float64Array
}

/** Shaped rewards with the parts they were made of. */
export interface ShapedTransitions<State> {
  /** [N] what the learner receives. */
  readonly reward: Float64Array
  /** [N] each: the parts by name, before their combination. */
  readonly components: Readonly<Record<string, Float64Array>>
  readonly state: State
}

/**
 * Step-wise counterpart of a stage, called when a batch is *sampled*. `State` is plain JSON data; `shape` mutates
 * neither argument.
 */
export interface TransitionShaper<State> {
  readonly name: string
  initial(): State
  shape(transitions: Transitions, state: State): ShapedTransitions<State>
}

/** Number of steps N. Throws when a channel has another length or holds NaN or ±Infinity. */
export function checkTransitions(transitions: Transitions): number {
  const { reward } = transitions
  assertFinite(reward, 'reward')
  assertSameLength(reward, 'reward', transitions.terminated, 'terminated')
  assertSameLength(reward, 'reward', transitions.truncated, 'truncated')
  for (const [kind, channels] of [
    ['auxiliary', transitions.auxiliary],
    ['costs', transitions.costs],
  ] as const) {
    for (const [name, values] of Object.entries(channels)) assertSameLength(reward, 'reward', values, `${kind}.${name}`)
  }
  return reward.length
}

/** The auxiliary channel `name`. Throws `missing_column` naming what there is. */
export function auxiliaryChannel(transitions: Transitions, name: string): Float64Array {
  const values = transitions.auxiliary[name]
  if (values) return values
  throw new GuerdonError(
    'missing_column',
    `expected an auxiliary channel "${name}"; got only ${Object.keys(transitions.auxiliary).join(', ') || 'none'}`,
    { path: ['auxiliary', name], hint: 'record it when the step is taken' },
  )
}

/** A typed channel that this shaper cannot do without. Throws `missing_column`. */
export function requiredChannel<K extends 'states' | 'nextStates' | 'actions' | 'actionProbabilities' | 'features'>(
  transitions: Transitions,
  name: K,
): NonNullable<Transitions[K]> {
  const values = transitions[name]
  if (values) return values as NonNullable<Transitions[K]>
  throw new GuerdonError('missing_column', `expected the transitions to carry ${name}; they do not`, {
    path: [name],
    hint: 'record it when the step is taken',
  })
}

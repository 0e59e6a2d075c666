import { mean, type Random } from '@guerdon/core'

/** Sizes of a policy that reads the state and something irrelevant. */
export interface NoisyPolicyOptions {
  readonly states: number
  readonly actions: number
  /** Features of the context. 0: a plain table. */
  readonly noiseFeatures: number
}

/**
 * A softmax policy whose logits are a table and a linear function of a context that says nothing about the task:
 *
 *   logits(s, z) = table[s] + U·z
 *
 * A stand-in for the free-form text around an action: what the table learns is what matters, what U learns is memorised noise.
 */
export interface NoisyPolicy {
  readonly options: NoisyPolicyOptions
  /** [states·actions] */
  readonly table: Float64Array
  /** [actions·noiseFeatures] */
  readonly noiseWeights: Float64Array
}

/** A policy with all weights 0: uniform. */
export function createNoisyPolicy(options: NoisyPolicyOptions): NoisyPolicy {
  const { states, actions, noiseFeatures } = options
  return {
    options,
    table: new Float64Array(states * actions),
    noiseWeights: new Float64Array(actions * noiseFeatures),
  }
}

/** Writes π(· | state, context) to `probabilities` and returns its entropy in nats. */
export function actionProbabilities(
  policy: NoisyPolicy,
  state: number,
  context: Float64Array,
  probabilities: Float64Array,
): number {
  const { actions, noiseFeatures } = policy.options
  let largest = Number.NEGATIVE_INFINITY
  for (let a = 0; a < actions; a++) {
    let logit = policy.table[state * actions + a]
    for (let k = 0; k < noiseFeatures; k++) logit += policy.noiseWeights[a * noiseFeatures + k] * context[k]
    probabilities[a] = logit
    largest = Math.max(largest, logit)
  }
  let total = 0
  for (let a = 0; a < actions; a++) total += probabilities[a] = Math.exp(probabilities[a] - largest)
  let entropy = 0
  for (let a = 0; a < actions; a++) {
    probabilities[a] /= total
    if (probabilities[a] > 0) entropy -= probabilities[a] * Math.log(probabilities[a])
  }
  return entropy
}

/** One decision of an episode. */
export interface Decision {
  readonly state: number
  readonly action: number
  readonly context: Float64Array
  /** π(· | state, context) when the action was drawn. */
  readonly probabilities: Float64Array
  /** Of those probabilities, nats. */
  readonly entropy: number
}

/** Draws a context (N(0, deviation²) a feature) and an action: first the context's normals, then one uniform. */
export function decide(policy: NoisyPolicy, state: number, random: Random, deviation = 1): Decision {
  const { actions, noiseFeatures } = policy.options
  const context = new Float64Array(noiseFeatures)
  for (let k = 0; k < noiseFeatures; k++) context[k] = deviation * random.normal()
  const probabilities = new Float64Array(actions)
  const entropy = actionProbabilities(policy, state, context, probabilities)
  return { state, action: random.categorical(probabilities), context, probabilities, entropy }
}

/**
 * One step of gradient ascent: θ ← θ + rate/episodes · Σ A·∇ log π(a | s, z), advantages [episode][step].
 *
 * @param options.tasks of how many tasks, each with states of its own, the episodes are in equal parts; the table then climbs
 *   the mean over the episodes of its task, and what tasks share the mean over all. Default 1
 */
export function ascend(
  policy: NoisyPolicy,
  episodes: readonly (readonly Decision[])[],
  advantages: readonly ArrayLike<number>[],
  learningRate: number,
  { tasks = 1 }: { readonly tasks?: number } = {},
): void {
  const { actions, noiseFeatures } = policy.options
  const table = new Float64Array(policy.table.length)
  const noiseWeights = new Float64Array(policy.noiseWeights.length)
  episodes.forEach((decisions, i) => {
    decisions.forEach(({ state, action, context, probabilities }, t) => {
      const advantage = advantages[i][t]
      if (advantage === 0) return
      for (let a = 0; a < actions; a++) {
        const slope = advantage * ((a === action ? 1 : 0) - probabilities[a])
        table[state * actions + a] += slope
        for (let k = 0; k < noiseFeatures; k++) noiseWeights[a * noiseFeatures + k] += slope * context[k]
      }
    })
  })
  const step = learningRate / episodes.length
  for (let i = 0; i < table.length; i++) policy.table[i] += tasks * step * table[i]
  for (let i = 0; i < noiseWeights.length; i++) policy.noiseWeights[i] += step * noiseWeights[i]
}

/** Mean |U| ÷ mean |table − its row's mean|: how much the policy listens to what says nothing, against what it has learnt. */
export function noiseShare({ table, noiseWeights, options }: NoisyPolicy): number {
  const { actions } = options
  let learnt = 0
  for (let row = 0; row < table.length; row += actions) {
    const entries = table.subarray(row, row + actions)
    const centre = mean(entries)
    for (const entry of entries) learnt += Math.abs(entry - centre) / table.length
  }
  const noise = noiseWeights.length === 0 ? 0 : mean(noiseWeights.map(Math.abs))
  return learnt === 0 ? 0 : noise / learnt
}

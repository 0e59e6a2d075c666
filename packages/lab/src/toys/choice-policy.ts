import { type Random, softmax } from '@guerdon/core'

/** Independent softmax policies over the same choices, one a prompt: logits [prompts·choices]. */
export interface ChoicePolicy {
  readonly prompts: number
  readonly choices: number
  readonly logits: Float64Array
}

/** A policy whose logits are given by a function of prompt and choice. */
export function choicePolicy(
  prompts: number,
  choices: number,
  logit: (prompt: number, choice: number) => number,
): ChoicePolicy {
  const logits = Float64Array.from({ length: prompts * choices }, (_, i) => logit(Math.floor(i / choices), i % choices))
  return { prompts, choices, logits }
}

/** π(· | prompt). */
export function choiceProbabilities({ logits, choices }: ChoicePolicy, prompt: number): Float64Array {
  return softmax(logits.subarray(prompt * choices, (prompt + 1) * choices))
}

/** Draws one choice: one uniform. */
export function draw(policy: ChoicePolicy, prompt: number, random: Random): number {
  return random.categorical(choiceProbabilities(policy, prompt))
}

/** A choice that was made for a prompt, and what it is credited with. */
export interface CreditedChoice {
  readonly prompt: number
  readonly choice: number
  readonly advantage: number
}

/** Σ A·∇ log π(c | p) over the choices, [prompts·choices]. */
export function choiceGradient(policy: ChoicePolicy, drawn: readonly CreditedChoice[]): Float64Array {
  const { prompts, choices, logits } = policy
  const gradient = new Float64Array(logits.length)
  const known = new Array<Float64Array | undefined>(prompts)
  for (const { prompt, choice, advantage } of drawn) {
    known[prompt] ??= choiceProbabilities(policy, prompt)
    const probabilities = known[prompt]
    for (let c = 0; c < choices; c++) {
      gradient[prompt * choices + c] += advantage * ((c === choice ? 1 : 0) - probabilities[c])
    }
  }
  return gradient
}

/**
 * One step of gradient ascent, every prompt by the mean over its own draws: θ_p ← θ_p + rate/n_p · Σ A·∇ log π(c | p). Nothing
 * happens to a prompt without draws.
 */
export function ascendChoices(policy: ChoicePolicy, drawn: readonly CreditedChoice[], learningRate: number): void {
  const { prompts, choices, logits } = policy
  const counts = new Float64Array(prompts)
  for (const { prompt } of drawn) counts[prompt]++
  const gradient = choiceGradient(policy, drawn)
  for (let i = 0; i < logits.length; i++) {
    const count = counts[Math.floor(i / choices)]
    if (count > 0) logits[i] += (learningRate / count) * gradient[i]
  }
}

/** The most probable choice; the first of equal ones. */
export function greedyChoice({ logits, choices }: ChoicePolicy, prompt: number): number {
  let best = 0
  for (let c = 1; c < choices; c++) if (logits[prompt * choices + c] > logits[prompt * choices + best]) best = c
  return best
}

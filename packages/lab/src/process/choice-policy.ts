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

/**
 * One step of gradient ascent, every prompt by the mean over its own draws: θ_p ← θ_p + rate/n_p · Σ A·∇ log π(c | p). Nothing
 * happens to a prompt without draws.
 */
export function ascendChoices(
  policy: ChoicePolicy,
  drawn: readonly { readonly prompt: number; readonly choice: number; readonly advantage: number }[],
  learningRate: number,
): void {
  const { prompts, choices, logits } = policy
  const counts = new Float64Array(prompts)
  for (const { prompt } of drawn) counts[prompt]++
  const slopes = new Float64Array(logits.length)
  const probabilities = Array.from({ length: prompts }, (_, prompt) => choiceProbabilities(policy, prompt))
  for (const { prompt, choice, advantage } of drawn) {
    for (let c = 0; c < choices; c++) {
      slopes[prompt * choices + c] += (advantage * ((c === choice ? 1 : 0) - probabilities[prompt][c])) / counts[prompt]
    }
  }
  for (let i = 0; i < logits.length; i++) logits[i] += learningRate * slopes[i]
}

import { mean, type Random } from '@guerdon/core'
import { type ChoicePolicy, choicePolicy, choiceProbabilities, draw } from '../../toys/choice-policy.ts'

/** Prompts, and steps every response takes. */
export const prompts = 12
export const slots = 4
/** Sound, flawed, breaking: what each does to the chance of success, and the mean value a process model gives it. */
const actions = [
  { factor: 1, value: 0.75 },
  { factor: 0.85, value: 0.35 },
  { factor: 0.3, value: 0.2 },
] as const
/** Trivial steps a response may be padded with: what they do to the chance of success. */
const paddings = [
  { steps: 0, factor: 1 },
  { steps: 3, factor: 0.97 },
  { steps: 10, factor: 0.85 },
  { steps: 20, factor: 0.7 },
] as const
/** What the process model thinks of a trivial step: the hole a policy can exploit. */
const paddingValue = 0.97
const bestChance = 0.97

/** One table for the slots' actions, one for the padding. */
export interface StepPolicy {
  readonly slots: ChoicePolicy
  readonly padding: ChoicePolicy
}

/** A response, its outcome, and what a process model thinks of its steps. */
export interface Rollout {
  readonly prompt: number
  readonly actions: readonly number[]
  readonly padding: number
  readonly correct: boolean
  /** Values of a process reward model, one a step. */
  readonly stepScores: readonly number[]
}

/** One response to a prompt. */
export function rollOut(policy: StepPolicy, prompt: number, random: Random): Rollout {
  const taken = Array.from({ length: slots }, (_, slot) => draw(policy.slots, prompt * slots + slot, random))
  const padding = draw(policy.padding, prompt, random)
  const chance = taken.reduce((p, action) => p * actions[action].factor, bestChance * paddings[padding].factor)
  const correct = random.bernoulli(chance)
  const judged = taken.map(action => Math.min(1, Math.max(0, actions[action].value + 0.15 * random.normal())))
  const trivial = Array<number>(paddings[padding].steps).fill(paddingValue)
  return { prompt, actions: taken, padding, correct, stepScores: [...judged, ...trivial] }
}

/** A policy of tables of small random logits. */
export function stepPolicy(random: Random): StepPolicy {
  const start = (): number => 0.3 * random.normal()
  return {
    slots: choicePolicy(prompts * slots, actions.length, start),
    padding: choicePolicy(prompts, paddings.length, start),
  }
}

/**
 * What the policy does on average, exactly: accuracy, the share of correct responses that took a flawed step or a worse one,
 * and the steps a response has.
 */
export function expectedOf(policy: StepPolicy): Record<'accuracy' | 'flawed' | 'steps', number> {
  const accuracies: number[] = []
  const soundShares: number[] = []
  const steps: number[] = []
  for (let prompt = 0; prompt < prompts; prompt++) {
    let chance = bestChance
    let soundChance = bestChance
    for (let slot = 0; slot < slots; slot++) {
      const probabilities = choiceProbabilities(policy.slots, prompt * slots + slot)
      chance *= probabilities.reduce((sum, p, action) => sum + p * actions[action].factor, 0)
      soundChance *= probabilities[0]
    }
    const padding = choiceProbabilities(policy.padding, prompt)
    const kept = padding.reduce((sum, p, choice) => sum + p * paddings[choice].factor, 0)
    accuracies.push(chance * kept)
    soundShares.push(soundChance / chance)
    steps.push(slots + padding.reduce((sum, p, choice) => sum + p * paddings[choice].steps, 0))
  }
  return { accuracy: mean(accuracies), flawed: 1 - mean(soundShares), steps: mean(steps) }
}

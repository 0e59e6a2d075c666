import {
  assertFinite,
  assertInRange,
  assertInteger,
  assertOneOf,
  assertSameLength,
  GuerdonError,
  mean,
  type Random,
} from '@guerdon/core'
import { isDiscarded } from './clean.ts'

/** Responses to one prompt with their rewards. */
export interface ResponseGroup {
  readonly prompt: string
  readonly responses: readonly string[]
  /** [K]; NaN where a reward is missing. */
  readonly rewards: ArrayLike<number>
}

/** A response kept for fine-tuning. */
export interface KeptResponse {
  /** Index of the group. */
  readonly group: number
  /** Index within the group. */
  readonly chosen: number
  readonly prompt: string
  readonly response: string
  readonly reward: number
  readonly groupSize: number
}

/** Choices of `selectLocal`. */
export interface SelectLocalOptions {
  /** Responses that may not win, such as empty ones. Default `isDiscarded`. */
  readonly discard?: (response: string) => boolean
  /** Which of several best ones: the first, or one at random (no bias by sampling order). Default `first`. */
  readonly ties?: 'first' | 'random'
  /** For `ties: 'random'`: one draw for each group with several best. */
  readonly random?: Random
  /** Skip a group whose usable rewards are all equal: the choice carries no information. Default false. */
  readonly skipEqual?: boolean
  /** Skip groups with fewer responses. Default 1. */
  readonly minimumSize?: number
  /** When no prompt keeps anything: an error, or an empty selection. Default `error`. */
  readonly onEmpty?: 'error' | 'allow'
}

/** What was kept, and the rewards that tell how training goes. */
export interface LocalSelection {
  readonly kept: readonly KeptResponse[]
  /** Mean reward of the kept: biased upwards by selection. NaN when nothing is kept under `onEmpty: 'allow'`. */
  readonly meanTrainReward: number
  /** Mean reward of the *first* response of each prompt, discarded or not: what the policy really earns. */
  readonly meanModelReward: number
  /** Prompts that gave a kept response, over all prompts. */
  readonly keptFraction: number
  /** Responses whose reward was missing. */
  readonly missing: number
}

/**
 * Best of K for each prompt. A discarded response or one without a reward cannot win; a prompt without any other is skipped.
 *
 * K = 1 is plain self-training without selection pressure.
 *
 * @throws empty when no prompt keeps anything: skip the update
 */
export function selectLocal(groups: readonly ResponseGroup[], options: SelectLocalOptions = {}): LocalSelection {
  const {
    discard = isDiscarded,
    ties = 'first',
    random,
    skipEqual = false,
    minimumSize = 1,
    onEmpty = 'error',
  } = options
  assertOneOf(ties, 'ties', ['first', 'random'])
  assertInteger(minimumSize, 'minimumSize')
  if (ties === 'random' && random === undefined) {
    throw new GuerdonError('invalid_option', 'expected a generator for ties: "random"', { path: ['random'] })
  }
  const kept: KeptResponse[] = []
  const first: number[] = []
  let missing = 0
  groups.forEach(({ prompt, responses, rewards }, group) => {
    assertSameLength(responses, `groups[${group}].responses`, rewards, `groups[${group}].rewards`)
    if (rewards.length > 0 && !Number.isNaN(rewards[0])) first.push(rewards[0])
    const usable: number[] = []
    for (let i = 0; i < responses.length; i++) {
      if (Number.isNaN(rewards[i])) missing++
      else if (rewards[i] > Number.NEGATIVE_INFINITY && !discard(responses[i])) usable.push(i)
    }
    if (usable.length === 0 || responses.length < minimumSize) return
    const highest = usable.reduce((top, i) => Math.max(top, rewards[i]), Number.NEGATIVE_INFINITY)
    const best = usable.filter(i => rewards[i] === highest)
    if (skipEqual && best.length === usable.length && usable.length > 1) return
    const chosen = ties === 'random' && random && best.length > 1 ? random.choice(best) : best[0]
    kept.push({ group, chosen, prompt, response: responses[chosen], reward: highest, groupSize: responses.length })
  })
  if (kept.length === 0 && onEmpty === 'error') {
    throw new GuerdonError('empty', 'expected a usable response for at least one prompt; got none', {
      path: ['groups'],
      hint: 'skip this update, and look at what the policy writes',
    })
  }
  return {
    kept,
    meanTrainReward: kept.length === 0 ? Number.NaN : mean(kept.map(one => one.reward)),
    meanModelReward: first.length === 0 ? 0 : mean(first),
    keptFraction: groups.length === 0 ? 0 : kept.length / groups.length,
    missing,
  }
}

/**
 * The best of what `selectLocal` kept: `count` prompts by reward, best first, ties in order. The diffusion variant keeps the
 * best image of each of 10 prompts and then 8 of the prompts.
 */
export function topPrompts(kept: readonly KeptResponse[], count: number): KeptResponse[] {
  assertInteger(count, 'count')
  return kept.toSorted((a, b) => b.reward - a.reward).slice(0, count)
}

/** Indices kept from a pool, best first, and mean rewards. */
export interface TopSelection {
  readonly kept: Int32Array
  /** NaN when nothing is kept under `onEmpty: 'allow'`. */
  readonly meanTrainReward: number
  readonly meanModelReward: number
}

/**
 * The ⌊N·ratio⌋ highest rewards of a pool of single samples; any prompt may give several or none, so easy prompts are
 * preferred unless rewards are normalised per prompt. Ties keep their order.
 *
 * @param options onEmpty: when ⌊N·ratio⌋ is 0, an error or an empty selection. Default `error`
 * @throws empty when nothing would be kept, not_finite
 */
export function selectTop(
  rewards: ArrayLike<number>,
  acceptRatio: number,
  options: { readonly onEmpty?: 'error' | 'allow' } = {},
): TopSelection {
  assertInRange(acceptRatio, 'acceptRatio', 0, 1)
  assertFinite(rewards, 'rewards')
  const count = Math.floor(rewards.length * acceptRatio)
  if (count === 0 && options.onEmpty !== 'allow') {
    throw new GuerdonError(
      'empty',
      `expected a share of ${rewards.length} samples that keeps one; got ${acceptRatio}`,
      {
        path: ['acceptRatio'],
        hint: 'sample more, or accept a larger share',
      },
    )
  }
  const order = Int32Array.from(rewards, (_, i) => i).sort((a, b) => rewards[b] - rewards[a] || a - b)
  const kept = order.slice(0, count)
  const meanOf = (values: ArrayLike<number>) => (values.length === 0 ? Number.NaN : mean(values))
  const trained = Float64Array.from(kept, i => rewards[i])
  return { kept, meanTrainReward: meanOf(trained), meanModelReward: meanOf(rewards) }
}

/**
 * How many prompts each worker takes and how many samples a prompt gets: `local` K = ⌊1/ratio⌋ and M = ⌊batch/workers⌋; `top`
 * one sample each and M = ⌊batch/workers/ratio⌋.
 */
export function planBatch(
  batch: { readonly size: number; readonly acceptRatio: number; readonly workers: number },
  strategy: 'local' | 'top' = 'local',
): { readonly promptsPerWorker: number; readonly samplesPerPrompt: number } {
  const { size, acceptRatio, workers } = batch
  assertInteger(size, 'size', 1)
  assertInteger(workers, 'workers', 1)
  assertOneOf(strategy, 'strategy', ['local', 'top'])
  if (!(acceptRatio > 0 && acceptRatio <= 1)) {
    throw new GuerdonError('invalid_option', `expected acceptRatio in (0, 1]; got ${acceptRatio}`, {
      path: ['acceptRatio'],
    })
  }
  if (strategy === 'top') {
    return { promptsPerWorker: Math.trunc(size / workers / acceptRatio), samplesPerPrompt: 1 }
  }
  return { promptsPerWorker: Math.trunc(size / workers), samplesPerPrompt: Math.trunc(1 / acceptRatio) }
}

/**
 * Rewards for ranking with a leash: r̃ = r − β·(log π(y|x) − log π₀(y|x)). Without it selection has no KL term at all, and
 * diversity is its price.
 *
 * @param logProbs [K] log-probability of each whole response under the current policy
 * @param initialLogProbs [K] the same under the policy training started from
 */
export function klRegularisedRewards(
  rewards: ArrayLike<number>,
  logProbs: ArrayLike<number>,
  initialLogProbs: ArrayLike<number>,
  options: { readonly beta: number },
): Float64Array {
  assertSameLength(rewards, 'rewards', logProbs, 'logProbs')
  assertSameLength(rewards, 'rewards', initialLogProbs, 'initialLogProbs')
  return Float64Array.from(rewards, (reward, i) => reward - options.beta * (logProbs[i] - initialLogProbs[i]))
}

/** Share of distinct texts among the kept: falls as the policy collapses. */
export function uniqueShare(kept: readonly { readonly response: string }[]): number {
  return kept.length === 0 ? 1 : new Set(kept.map(one => one.response)).size / kept.length
}

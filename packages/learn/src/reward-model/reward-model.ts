import { GuerdonError, type Random } from '@guerdon/core'

/** What a candidate may be judged against, besides its prompt. */
export interface ScoreContext {
  /** Another response to the prompt, for models that compare. */
  readonly reference?: ArrayLike<number>
  /** The latent of a user, [d], for models of several users. */
  readonly latent?: ArrayLike<number>
  /** A state to come close to, [d], for goal-conditioned models. */
  readonly goal?: ArrayLike<number>
}

/** One thing to be scored: token ids, or the numbers of an embedding; a prompt may be empty. */
export interface ScoreRequest extends ScoreContext {
  readonly prompt: ArrayLike<number>
  readonly candidate: ArrayLike<number>
}

/** What a reward model says about one candidate. */
export interface Judgement {
  /** Raw: nothing is clipped, whitened or shaped. */
  readonly score: number
  /** [n] for models that score along the way: one number a token of the candidate. */
  readonly perToken?: Float64Array
  /** [S] probability that each step is right, for process models. */
  readonly perStep?: Float64Array
  /** [S] by head, for models of segments: whether each has no fault; undefined where the head says nothing. */
  readonly decisions?: Readonly<Record<string, readonly (boolean | undefined)[]>>
  /** By name, for models with several heads. */
  readonly attributes?: Readonly<Record<string, number>>
  /** [K] the members' scores, for ensembles. */
  readonly members?: Float64Array
  /** Standard deviation over members (ddof 0), for ensembles. */
  readonly disagreement?: number
  /** [d] the state the score was read from. */
  readonly hidden?: Float64Array
}

/** A learned scorer. Ensembles, shapers and hybrids wrap one and keep its raw score. */
export interface RewardModel {
  readonly name: string
  score(
    prompt: ArrayLike<number>,
    candidate: ArrayLike<number>,
    context?: ScoreContext & ScoreOptions,
  ): Promise<Judgement>
  /** The same for many, in batches; judgements in the order of the requests. */
  scoreAll(requests: readonly ScoreRequest[], options?: ScoreOptions): Promise<Judgement[]>
}

/** How long to wait. */
export interface ScoreOptions {
  readonly signal?: AbortSignal
}

/**
 * A reward model of a function that scores a batch.
 *
 * @param judge called with up to `batchSize` requests
 * @throws not_finite for a score that is not finite, naming the request
 */
export function rewardModel(
  name: string,
  judge: (requests: readonly ScoreRequest[]) => Promise<readonly Judgement[]>,
  options: { readonly batchSize?: number } = {},
): RewardModel {
  const { batchSize = 32 } = options
  async function scoreAll(requests: readonly ScoreRequest[], { signal }: ScoreOptions = {}): Promise<Judgement[]> {
    const judgements: Judgement[] = []
    for (let start = 0; start < requests.length; start += batchSize) {
      signal?.throwIfAborted()
      judgements.push(...(await judge(requests.slice(start, start + batchSize))))
    }
    judgements.forEach(({ score }, i) => {
      if (Number.isFinite(score)) return
      throw new GuerdonError('not_finite', `expected a finite score of ${name}; got ${score} for request ${i}`, {
        path: ['requests', i],
        hint: 'the parameters of the model are not finite, or its input is far outside what it was trained on',
      })
    })
    return judgements
  }
  return {
    name,
    scoreAll,
    async score(prompt, candidate, { signal, ...context } = {}) {
      const [judgement] = await scoreAll([{ ...context, prompt, candidate }], signal ? { signal } : {})
      return judgement
    },
  }
}

/** Bags for K members: how often each of `count` examples stands in a sample of that size drawn with replacement, [count][K]. */
export function bootstrapBags(random: Random, count: number, members: number): Float32Array {
  const bags = new Float32Array(count * members)
  for (let k = 0; k < members; k++) {
    for (let draw = 0; draw < count; draw++) bags[random.integer(count) * members + k]++
  }
  return bags
}

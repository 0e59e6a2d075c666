import { mean, type Random } from '@guerdon/core'
import { klRegularisedRewards, selectLocal, uniqueShare } from '@guerdon/methods/curation/raft'
import { defineClaim, defineStudy, type Trial, type TrialResult } from '../claims/claim.ts'
import { adamAscent } from '../toys/adam.ts'
import { type ChoicePolicy, choiceGradient, choicePolicy, choiceProbabilities, draw } from '../toys/choice-policy.ts'
import { trained } from './raft/trained.ts'

interface Settings {
  /** K, responses a prompt. */
  readonly responses: number
  /** One round with all the samples, instead of eight. */
  readonly oneShot?: boolean
  /** β of the ranking by r − β·log(π/π₀). */
  readonly klWeight?: number
  /** Which response is kept: the best, or any (the control). */
  readonly keep?: 'best' | 'any'
}

const vocabulary = 10
const length = 8
const fitSteps = 30

/** A reward of texts: a score for each token and each pair of neighbours. */
interface Reward {
  readonly unary: Float64Array
  readonly bigram: Float64Array
}

interface Text {
  readonly tokens: readonly number[]
  readonly reward: number
  readonly logProb: number
}

function drawReward(random: Random): Reward {
  return {
    unary: Float64Array.from({ length: vocabulary }, () => random.normal()),
    bigram: Float64Array.from({ length: vocabulary ** 2 }, () => random.normal()),
  }
}

function rewardOf({ unary, bigram }: Reward, tokens: readonly number[]): number {
  return tokens.reduce(
    (sum, token, t) => sum + unary[token] + (t > 0 ? bigram[tokens[t - 1] * vocabulary + token] : 0),
    0,
  )
}

/** Row of the policy's table that chooses token t: one for the start, one for each token before. */
function rowOf(tokens: readonly number[], t: number): number {
  return t === 0 ? vocabulary : tokens[t - 1]
}

function logProbOf(rows: readonly Float64Array[], tokens: readonly number[]): number {
  return tokens.reduce((sum, token, t) => sum + Math.log(rows[rowOf(tokens, t)][token]), 0)
}

function sample(policy: ChoicePolicy, reward: Reward, random: Random): Text {
  const tokens: number[] = []
  let logProb = 0
  for (let t = 0; t < length; t++) {
    const row = rowOf(tokens, t)
    const token = draw(policy, row, random)
    logProb += Math.log(choiceProbabilities(policy, row)[token])
    tokens.push(token)
  }
  return { tokens, reward: rewardOf(reward, tokens), logProb }
}

/** Fits the policy to texts: full-batch Adam on the mean log-likelihood of a token. */
function fit(policy: ChoicePolicy, texts: readonly Text[], learningRate: number): void {
  const ascend = adamAscent(policy.logits, learningRate)
  const choices = texts.flatMap(({ tokens }) =>
    tokens.map((choice, t) => ({ prompt: rowOf(tokens, t), choice, advantage: 1 / (texts.length * length) })),
  )
  for (let step = 0; step < fitSteps; step++) ascend(choiceGradient(policy, choices))
}

/** The text each prompt keeps. */
function select(
  groups: readonly (readonly Text[])[],
  { keep = 'best', klWeight = 0 }: Settings,
  initialRows: readonly Float64Array[],
  random: Random,
): Text[] {
  if (keep === 'any') return groups.map(group => group[random.integer(group.length)])
  const ranked = groups.map(group => ({
    prompt: '',
    responses: group.map(text => text.tokens.join(' ')),
    rewards: klRegularisedRewards(
      group.map(text => text.reward),
      group.map(text => text.logProb),
      group.map(text => logProbOf(initialRows, text.tokens)),
      { beta: klWeight },
    ),
  }))
  return selectLocal(ranked).kept.map(({ group, chosen }) => groups[group][chosen])
}

function train({ settings, budget, random, learningRate, signal, progress }: Trial<Settings>): TrialResult {
  const [prompts, rounds] = budget === 'quick' ? [96, 4] : [256, 8]
  const reward = drawReward(random.split('reward'))
  const initial = random.split('policy')
  const policy = choicePolicy(vocabulary + 1, vocabulary, () => initial.normal())
  const initialRows = Array.from({ length: vocabulary + 1 }, (_, row) => choiceProbabilities(policy, row))
  const sampling = random.split('samples')
  const examining = random.split('fresh samples')
  const fresh = (): Text[] => Array.from({ length: 256 }, () => sample(policy, reward, examining))
  const rewards = [mean(fresh().map(text => text.reward))]
  const taken = settings.oneShot ? 1 : rounds
  for (let round = 0; round < taken; round++) {
    signal.throwIfAborted()
    const groups = Array.from({ length: prompts }, () =>
      Array.from({ length: settings.responses }, () => sample(policy, reward, sampling)),
    )
    fit(policy, select(groups, settings, initialRows, sampling), learningRate)
    rewards.push(mean(fresh().map(text => text.reward)))
    progress((round + 1) / taken)
  }
  const last = fresh()
  const half = Math.min(rounds / 2, rewards.length - 1)
  return {
    metrics: {
      reward: rewards[rewards.length - 1],
      rewardHalfway: rewards[half],
      unique: uniqueShare(last.map(text => ({ response: text.tokens.join(' ') }))),
      kl: mean(last.map(text => text.logProb - logProbOf(initialRows, text.tokens))),
    },
    curves: { reward: { x: rewards.map((_, round) => round), y: rewards } },
    spent: { rollouts: taken * prompts * settings.responses, updates: taken * fitSteps },
  }
}

const mechanism = defineStudy<Settings>({
  setting: [
    'Texts of 8 tokens over 10; the reward is a sum of normal scores of tokens and of neighbours.',
    'Policy: a table of logits for the next token given the one before; 256 prompts a round (quick: 96), 8 rounds (quick: 4), 30 full-batch Adam steps on the kept texts.',
    'Rewards are of fresh samples, never of the kept ones.',
  ],
  metric: 'reward',
  direction: 'higher',
  alsoReport: ['rewardHalfway', 'unique', 'kl'],
  arms: [
    { id: 'k8', label: 'RAFT, K = 8', role: 'method', settings: { responses: 8 } },
    { id: 'k8-kl', label: 'RAFT, K = 8, KL-ranked', role: 'method', settings: { responses: 8, klWeight: 0.3 } },
    { id: 'k2', label: 'RAFT, K = 2', role: 'method', settings: { responses: 2 } },
    { id: 'k16', label: 'RAFT, K = 16', role: 'method', settings: { responses: 16 } },
    { id: 'k1', label: 'self-training, K = 1', role: 'baseline', settings: { responses: 1 } },
    { id: 'k128', label: 'one round of K = 128', role: 'baseline', settings: { responses: 128, oneShot: true } },
    { id: 'any', label: 'K = 8, any response kept', role: 'control', settings: { responses: 8, keep: 'any' } },
  ],
  learningRates: { quick: [0.1], full: [0.03, 0.1, 0.3] },
  seeds: { quick: { selection: 1, confirmation: 2 }, full: { selection: 2, confirmation: 6 } },
  criteria: [
    {
      about: 'K = 8 is far above K = 1 after half the rounds',
      arm: 'k8',
      against: 'k1',
      metric: 'rewardHalfway',
      atLeast: 5,
      over: { share: 1 },
    },
    { about: 'K = 2 above K = 1', arm: 'k2', against: 'k1', metric: 'rewardHalfway', atLeast: 0 },
    { about: 'K = 8 above K = 2', arm: 'k8', against: 'k2', metric: 'rewardHalfway', atLeast: 0 },
    { about: 'K = 16 above K = 8', arm: 'k16', against: 'k8', metric: 'rewardHalfway', atLeast: 0 },
    { about: 'rounds beat one round of the best of 128', arm: 'k8', against: 'k128', atLeast: 4 },
    { about: 'ranking with a KL term keeps more variety', arm: 'k8-kl', against: 'k8', metric: 'unique', atLeast: 0 },
  ],
  quickCriteria: [{ about: 'K = 8 beats K = 1', arm: 'k8', against: 'k1', atLeast: 3 }],
  axes: { reward: { x: 'round', y: 'mean reward of fresh samples' } },
  run: train,
})

/** RAFT: keep the best of K, fine-tune, repeat. */
export const raft = defineClaim({ slug: 'raft', version: 1, studies: { mechanism, trained } })

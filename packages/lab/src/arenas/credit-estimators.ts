import { bindStage, moveStage, type StepInput } from '@guerdon/core'
import { forkEveryTurn } from '@guerdon/learn'
import { findStage } from '@guerdon/methods'
import type { Role } from '../claims/claim.ts'
import type { CreditEstimator } from '../text-policy/estimator.ts'

/** An estimator as it stands in the arena. */
export interface ArenaEstimator extends CreditEstimator {
  /** Letters, digits, `-`, `.`. */
  readonly id: string
  readonly label: string
  readonly role: Role
}

const stage = (name: string, options: object = {}, columns?: Readonly<Record<string, string>>): StepInput =>
  columns ? { stage: bindStage(findStage(name), options), columns } : bindStage(findStage(name), options)

/** A stage that writes one advantage a rollout, or one a turn, on tokens. */
const onTokens = (name: string, options: object = {}, columns?: Readonly<Record<string, string>>): StepInput[] => [
  stage(name, { ...options, place: 'tokens' }, columns),
]

/** `turn.advantage` on every policy token of the turn. */
const turnsOnTokens = bindStage(moveStage, {
  from: 'turn.advantage',
  to: 'token.advantage',
  how: 'spread',
  tokens: 'policy',
  outside: 'zero',
})

/** Return-to-go of turn rewards in this column, whitened over the batch. */
const returnOf = (column: string, gamma = 1): StepInput =>
  stage('reinforcePlusPlus', { rewards: 'turn', gamma }, { 'turn.reward': column })

/** Where two turns of a group are at the same place, whenever that was. */
const samePlace = { 'turn.state': 'turn.place' }

const estimator = (
  id: string,
  label: string,
  steps: readonly StepInput[],
  rest: Partial<CreditEstimator> & { readonly role?: Role } = {},
): ArenaEstimator => ({ id, label, role: 'method', steps, ...rest })

/** Every estimator of the arena, one line each. A new one is a new line. */
export const creditEstimators: readonly ArenaEstimator[] = [
  estimator('grpo.verl', 'GRPO (verl)', onTokens('grpo.verl'), { role: 'baseline' }),
  estimator('grpo.trl', 'GRPO (TRL)', onTokens('grpo.trl'), { role: 'baseline' }),
  estimator('drGrpo', 'Dr. GRPO', onTokens('drGrpo'), { role: 'baseline' }),
  estimator('rloo', 'RLOO', onTokens('rloo'), { role: 'baseline' }),
  estimator('reinforce++', 'REINFORCE++', [stage('reinforcePlusPlus')], { role: 'baseline' }),
  estimator('discounted', 'REINFORCE++, γ 0.97', [stage('reinforcePlusPlus', { gamma: 0.97 })], { role: 'baseline' }),
  estimator('gae', 'PPO, GAE 0.95', [stage('gae', { lambda: 0.95 })], { role: 'baseline', uses: 'critic' }),
  estimator('gigpo', 'GiGPO', [stage('gigpo', { anchor: 'state' }, samePlace), turnsOnTokens]),
  estimator('salt', 'SALT', onTokens('salt', {}, samePlace)),
  estimator('empg', 'EMPG', [stage('grpo'), ...onTokens('empg')]),
  estimator('igpo', 'IGPO', onTokens('igpo'), { uses: 'answer-belief' }),
  estimator(
    'spa',
    'SPA',
    [
      stage('spa', {}, { 'turn.observation': 'turn.heard', 'turn.reward': 'turn.spaReward' }),
      returnOf('turn.spaReward'),
    ],
    { uses: 'progress' },
  ),
  estimator('g-ra', 'G-RA', [
    stage('g-ra', { channels: [{ column: 'turn.form' }], threshold: 0 }),
    ...onTokens('grpo', {}, { 'rollout.score': 'rollout.reward' }),
  ]),
  estimator('portool', 'PORTool', onTokens('portool', {}, { 'rollout.score': 'rollout.verdict' }), {
    fork: forkEveryTurn({ branches: 2, maximumEpisodes: Number.POSITIVE_INFINITY }),
  }),
  estimator(
    'shuffled',
    'GRPO, scores exchanged',
    onTokens('grpo.verl', {}, { 'rollout.score': 'rollout.otherScore' }),
    { role: 'control' },
  ),
]

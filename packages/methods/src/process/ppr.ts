import { defineMethod } from '../method.ts'
import { pprOptions, pprStage } from './ppr/stage.ts'

export * from './ppr/advantages.ts'
export * from './ppr/judge.ts'
export * from './ppr/renorm.ts'
export * from './ppr/stage.ts'

/**
 * PPR, principle process reward with ReNorm: a judge that invents its own principles scores each turn of a tool-using
 * trajectory as "score out of maximum", and every score is shifted by the trajectory's outcome minus a constant:
 *
 *   r̂_p(τ) = r_p(τ) + r_o − β  for every turn before the last, which keeps r_o
 *
 * With β = 1 process rewards are ≤ 0 when the answer is wrong and ≥ 0 when it is right, so a judge cannot be farmed by wrong
 * trajectories. Centring by the batch mean would lose that guarantee. Then GAE over all positions and whitening over the
 * policy's tokens (`pprAdvantages`), and PPO. The process reward model itself is trained by supervised fine-tuning on judged
 * turns (`sftLoss` of raft, response tokens only).
 *
 * Xu et al., "Hybrid Reward Normalization for Process-supervised Non-verifiable Agentic Tasks", arXiv 2509.25598; code
 * Zhuohao-Li/ppr.
 */
export const ppr = defineMethod({
  slug: 'ppr',
  title: 'PPR: principle process reward with ReNorm',
  year: 2025,
  paper: 'arXiv 2509.25598',
  family: 'process',
  summary:
    'Shifts judged turn scores by the outcome, so that process rewards agree with it in sign and cannot be farmed.',
  consumes: [
    'rollout.outcome in [0, 1]',
    'turn.judgement: judge reply with <final_score>score,max</final_score> for every turn but the last, or turn.processScore',
    'turn spans including the observation block',
  ],
  produces: ['turn.reward', 'token.reward at turn ends', 'rollout.pprJudgeValidity'],
  options: pprOptions,
  claim: {
    statement:
      'Under a judge that overrates polished but useless turns, the plain sum of process and outcome rewards ends near zero exact match while ReNorm stays close to the outcome alone; under an informative judge ReNorm learns faster than the outcome alone.',
    metric: 'exact match',
    direction: 'higher',
    size: 0.05,
    against: ['outcome only', 'sum of process and outcome'],
    seeds: 6,
    setting:
      'Four prompts of six fixed tool turns; useful, polished and poor actions; judge noise 0.15; tabular actor and critic. If the number of turns is free and success is rare at first, ReNorm collapses to answering at once.',
  },
  stages: [pprStage],
  compat: [
    'released: zeroBeforeShift counts a failed judgement as the worst score; a lost last turn end makes a process score the outcome',
  ],
  related: ['capo', 'igpo', 'empg', 'raft'],
})

import { defineStudy } from '../../claims/claim.ts'
import { arms, criteria, metrics, quickCriteria } from './arms.ts'
import { learnBoth } from './both-heuristics.ts'
import type { BarfiSettings } from './learner.ts'
import { networkPolicy } from './policies.ts'
import { unitSquare } from './unit-square.ts'

/** BARFI with a network as policy, in the continuous maze of the paper. */
export const trained = defineStudy<BarfiSettings>({
  setting: [
    'The unit-square maze of the paper, rewards divided by 50: −0.1 a step and +100 in the goal corner, one action in ten random, 50 steps. The harmful heuristic pays 50 a stride in the middle square, the helpful one −(squared distance to the goal). Every run trains with both in turn, by one configuration.',
    'Policy: a network of 32 tanh units on 16 Fourier features of the place; REINFORCE less the mean of each time step, γ = 0.99, RMSprop, an entropy bonus of 0.1 for all arms but one; 200 iterations (quick: 40) of 8 episodes and 2 steps.',
    'BARFI: φ₁ and φ₃ linear in the features, from 0, γ_ϕ from 0.99; one hypergradient an iteration (rates 0.02 and 0.02), 5 terms with α = 0.2.',
    'Primary return of the last 20 iterations; φ₃ over four places of the middle square.',
  ],
  ...metrics,
  arms,
  learningRates: { quick: [0.003], full: [0.001, 0.003, 0.01] },
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 1, confirmation: 6 } },
  criteria: criteria({ overNaive: 1.5, overPrimary: 0, belowNaive: -0.1 }),
  quickCriteria,
  axes: { harmful: { x: 'iteration', y: 'primary return' }, helpful: { x: 'iteration', y: 'primary return' } },
  run: trial =>
    learnBoth(
      {
        task: unitSquare,
        network: ({ features, actions }, { random }) => networkPolicy(features, actions, random.split('network')),
        iterations: trial.budget === 'quick' ? 40 : 200,
        episodes: 8,
        innerSteps: 2,
        rewardRate: 0.02,
        gammaRate: 0.02,
        entropy: 0.1,
        alpha: 0.2,
        loops: 5,
      },
      trial,
    ),
})

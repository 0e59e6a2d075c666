import { type Recipe, type RecipeState, withColumns } from '@guerdon/core'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { createPolicyTrainer, type PolicyGradientOptions } from './policy-gradient.ts'
import { type TrainingRowsOptions, tokenColumn, tokenRows, trainingRows } from './training-rows.ts'
import { type LanguageLearner, type WorldLearnerOptions, worldLearner } from './world-learner.ts'

/** Choices of a policy-gradient learner. */
export interface PolicyLearnerOptions<Task = unknown, State = unknown>
  extends WorldLearnerOptions<Task, State>,
    Omit<PolicyGradientOptions, 'config' | 'threads'>,
    Pick<TrainingRowsOptions, 'sharedPrefix'> {
  /** Credit: from what was played to `token.advantage`, and `token.return` for a critic. */
  readonly recipe: Recipe
  /**
   * Whether the policy it starts from is kept as the reference: its log-probabilities stand in `token.refLogprob` before the
   * recipe runs, and enter the loss by `klWeight`. Default true.
   */
  readonly reference?: boolean
}

/**
 * Policy gradients in a text world: episodes are played, a recipe turns what came of them into token advantages, and a ratio
 * loss is taken down in `epochs × miniBatches` steps. The recipe makes it GRPO, RLOO, PPO with a critic (a recipe with
 * `gae`, and `initial` with a value head), or any method of turn or token credit.
 *
 * Points, beside those of every learner in a text world: means over gradient steps of `loss`, `gradientNorm`,
 * `clipFraction`, `approxKl` and, where they are in the loss, `kl`, `entropyBonus`, `valueLoss`.
 */
export function createPolicyLearner<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  options: PolicyLearnerOptions<Task, State>,
): LanguageLearner {
  const { config, initial, recipe, reference = true, fork, sharedPrefix = 'each' } = options
  const trainer = createPolicyTrainer(initial, reference ? initial : null, options)
  const layout = { maximumLength: config.maximumLength, sharedPrefix, rowStep: fork ? 8 : 1 }
  let state: RecipeState = recipe.initialState()
  return worldLearner(world, options, {
    name: 'policy-gradient',
    settings: { recipe: recipe.version, reference, sharedPrefix, ...trainingSettings(options) },
    trainer,
    async learn(played, random) {
      const rows = tokenRows(played, layout)
      const referenceLogProbs = await trainer.referenceLogProbs(rows)
      const known = referenceLogProbs
        ? withColumns(played, { 'token.refLogprob': tokenColumn(played, rows, referenceLogProbs) })
        : played
      const credited = await recipe.run(known, state)
      const { measured } = await trainer.update(trainingRows(credited.batch, layout), random)
      state = credited.state
      const { entropy, ...others } = measured
      return entropy === undefined ? others : { ...others, entropyBonus: entropy }
    },
    save: () => recipe.saveState(state),
    restore: kept => {
      state = recipe.loadState(kept as ReturnType<Recipe['saveState']>)
    },
  })
}

/** All that decides an update, as plain data. */
function trainingSettings(options: Omit<PolicyGradientOptions, 'config'>) {
  const { learningRate, maximumGradientNorm = null, weightDecay = 0, epochs = 1, miniBatches = 1 } = options
  const {
    surrogate = 'ppo',
    clip = {},
    aggregation = {},
    klWeight = 0,
    klEstimator = 'k3',
    entropyWeight = 0,
  } = options
  const { valueWeight = 0.5, valueClip = 0.5, offPolicy = null } = options
  return {
    learningRate,
    maximumGradientNorm,
    weightDecay,
    epochs,
    miniBatches,
    surrogate,
    clip: JSON.stringify(clip),
    aggregation: JSON.stringify(aggregation),
    klWeight,
    klEstimator,
    entropyWeight,
    valueWeight,
    valueClip,
    offPolicy: JSON.stringify(offPolicy),
  }
}

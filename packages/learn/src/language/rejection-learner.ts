import { assertInteger, numbers, type Recipe, type RecipeState, type RolloutBatch, Status } from '@guerdon/core'
import type { Tensor } from '@guerdon/tensor'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { createTrainer, type TrainerOptions } from '../training/trainer.ts'
import { maskedRowArrays, selectMaskedRows } from './masked-rows.ts'
import type { PolicyParameters } from './policy.ts'
import { maskedLikelihood } from './supervised-learner.ts'
import { demonstrationRows, type MaskedRows } from './training-rows.ts'
import { type LanguageLearner, type WorldLearnerOptions, worldLearner } from './world-learner.ts'

/** Choices of learning from the best of one's own episodes. */
export interface RejectionLearnerOptions<Task = unknown, State = unknown>
  extends WorldLearnerOptions<Task, State>,
    Omit<TrainerOptions, 'threads'> {
  /** Selection: episodes whose final column is above 0 are kept. `raft` keeps the best of each group. */
  readonly recipe: Recipe
  /** Passes over what was kept, an update. Default 1. */
  readonly epochs?: number
  /** Rows a gradient step; the last of a pass is filled up with rows that are not learnt from. Default 32. */
  readonly batchSize?: number
  /** Updates whose kept episodes are learnt from together, this one included. Default 1; expert iteration takes more. */
  readonly memory?: number
  /** Begins each update from the policy it started from, as expert iteration and STaR do. Default false. */
  readonly restart?: boolean
}

type Kept = readonly { readonly tokens: readonly number[]; readonly mask: readonly number[] }[]

/**
 * Rejection-sampling fine-tuning (RAFT) and expert iteration: episodes are played, a recipe selects, and the policy is
 * fine-tuned on those kept. An update that keeps none leaves the policy as it is.
 *
 * Points, beside those of every learner in a text world: `kept` episodes, `learnt` with those of the updates before, and
 * the mean `loss` (null when nothing was learnt).
 */
export function createRejectionLearner<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  options: RejectionLearnerOptions<Task, State>,
): LanguageLearner {
  const { config, initial, recipe, epochs = 1, batchSize = 32, memory = 1, restart = false } = options
  const { learningRate, maximumGradientNorm = null, weightDecay = 0 } = options
  for (const [name, value] of Object.entries({ epochs, batchSize, memory })) assertInteger(value, name, 1)
  const trainer = createTrainer<PolicyParameters, { tokens: Tensor; mask: Tensor }>(
    initial,
    (parameters, batch) => ({ loss: maskedLikelihood(parameters, batch, config), measured: {} }),
    options,
  )
  const fresh = trainer.state()
  let state: RecipeState = recipe.initialState()
  let remembered: Kept[] = []
  return worldLearner(world, options, {
    name: 'rejection',
    settings: {
      recipe: recipe.version,
      epochs,
      batchSize,
      memory,
      restart,
      learningRate,
      maximumGradientNorm,
      weightDecay,
    },
    trainer,
    async learn(played, random) {
      const selected = await recipe.run(played, state)
      const kept = keptEpisodes(selected.batch, recipe)
      const all = [...remembered, kept].slice(-memory)
      const learnt = all.flat()
      if (restart && learnt.length > 0) trainer.restore(fresh)
      let total = 0
      let steps = 0
      const rows = packed(learnt)
      for (let epoch = 0; epoch < epochs; epoch++) {
        const order = random.permutation(rows.count)
        for (let start = 0; start < rows.count; start += batchSize, steps++) {
          total += (
            await trainer.step(maskedRowArrays(filledUp(rows, order.subarray(start, start + batchSize), batchSize)))
          ).loss
        }
      }
      state = selected.state
      remembered = all
      return { kept: kept.length, learnt: learnt.length, loss: steps === 0 ? null : total / steps }
    },
    save: () => ({ recipe: recipe.saveState(state), remembered }),
    restore: kept => {
      const found = kept as { recipe: string; remembered: Kept[] }
      state = recipe.loadState(found.recipe)
      remembered = found.remembered
    },
  })

  function packed(episodes: Kept): MaskedRows {
    const longest = episodes.reduce((most, { tokens }) => Math.max(most, tokens.length), 2)
    const width = Math.min(config.maximumLength, Math.ceil(longest / 16) * 16)
    const rows = { count: episodes.length, width, tokens: new Int32Array(episodes.length * width) }
    const mask = new Float32Array(episodes.length * (width - 1))
    for (const [i, episode] of episodes.entries()) {
      rows.tokens.set(episode.tokens, i * width)
      mask.set(episode.mask, i * (width - 1))
    }
    return { ...rows, mask }
  }

  function keptEpisodes(batch: RolloutBatch, { final }: Recipe): Kept {
    const rows = demonstrationRows(batch, { maximumLength: config.maximumLength, widthStep: 1 })
    const column = numbers(batch, final)
    return batch.rolloutIds.flatMap((_, r) => {
      if (column.status[r] !== Status.scored || !(column.values[r] > 0)) return []
      const { tokens, mask } = selectMaskedRows(rows, [r])
      const length = batch.tokenOffsets[r + 1] - batch.tokenOffsets[r]
      return [{ tokens: Array.from(tokens.subarray(0, length)), mask: Array.from(mask.subarray(0, length - 1)) }]
    })
  }
}

/** The chosen rows, and rows that are not learnt from up to `size`. */
function filledUp(rows: MaskedRows, chosen: Int32Array, size: number): MaskedRows {
  const { width, tokens, mask } = selectMaskedRows(rows, chosen)
  const filled = {
    count: size,
    width,
    tokens: new Int32Array(size * width),
    mask: new Float32Array(size * (width - 1)),
  }
  filled.tokens.set(tokens)
  filled.mask.set(mask)
  return filled
}

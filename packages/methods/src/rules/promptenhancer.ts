import { type ColumnName, defineStage, describeValue, GuerdonError, json, textColumn, texts } from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { isJsonObject } from '../shared/json-text.ts'
import { noScore, partSignals, type RewardParts, scoreItems } from '../shared/reward-parts.ts'
import { alignReward, type KeypointCategory, keypointCategories } from './promptenhancer/keypoints.ts'
import { extractRewrite } from './promptenhancer/rewrite.ts'

export * from './promptenhancer/grpo.ts'
export * from './promptenhancer/keypoints.ts'
export * from './promptenhancer/rewrite.ts'

/** Options of the `promptenhancer.rewrite` stage. */
export const promptEnhancerRewriteOptions = z.object({
  evaluateAgainst: z
    .enum(['prompt', 'rewrite'])
    .default('prompt')
    .describe('what the image is to be judged by; against the rewrite, dropped constraints go unpunished'),
  compat: z.enum(['released']).optional().describe('empty answers become empty prompts, stray tags stay'),
})

/** Takes the rewrite out of each response: what goes to the generator and to the evaluator. Stateless. */
export const promptEnhancerRewriteStage = defineStage<z.infer<typeof promptEnhancerRewriteOptions>, null>({
  name: 'promptenhancer.rewrite',
  about: 'the rewritten prompt in each response, with the fallback to the original',
  options: promptEnhancerRewriteOptions,
  reads: () => [
    { name: 'rollout.response', kind: 'text', about: 'reasoning and <answer>…</answer>' },
    { name: 'rollout.prompt', kind: 'text', about: "the user's prompt" },
  ],
  writes: () => [
    { name: 'rollout.rewrite', kind: 'text', about: 'what the frozen generator gets' },
    { name: 'rollout.evaluationPrompt', kind: 'text', about: 'what the evaluator judges the image by' },
    { name: 'rollout.promptEnhancerFallback', kind: 'number', about: '1 when the original prompt was used, else 0' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const responses = texts(batch, 'rollout.response')
    const prompts = texts(batch, 'rollout.prompt')
    const rewrites = responses.map((response, i) => {
      const prompt = prompts[i]
      return response === undefined || prompt === undefined ? undefined : extractRewrite(response, prompt, options)
    })
    const fallbacks = rewrites.map(rewrite =>
      rewrite === undefined ? noScore('no response') : { fallback: rewrite.source === 'original' ? 1 : 0 },
    )
    const rewritten = rewrites.map(rewrite => rewrite?.text)
    return {
      columns: {
        'rollout.rewrite': textColumn('rollout', rewritten),
        'rollout.evaluationPrompt': textColumn('rollout', options.evaluateAgainst === 'prompt' ? prompts : rewritten),
        ...partSignals('rollout', fallbacks, { fallback: 'rollout.promptEnhancerFallback' }),
      },
      state,
    }
  },
})

/** Options of the `promptenhancer` stage. */
export const promptEnhancerOptions = z.object({
  nonApplicable: z
    .enum(['exclude', 'pass'])
    .default('exclude')
    .describe('key points without a score: left out, or counted as passed over all 24'),
})

const categoryColumns = Object.fromEntries(
  Object.keys(keypointCategories).map(name => [name, `rollout.promptEnhancer${name[0].toUpperCase()}${name.slice(1)}`]),
) as Record<KeypointCategory, ColumnName>

type Parts = RewardParts<KeypointCategory | 'reward' | 'applicable'>

/** Turns the evaluator's 24 scores of each image into a reward. Stateless. */
export const promptEnhancerStage = defineStage<z.infer<typeof promptEnhancerOptions>, null>({
  name: 'promptenhancer',
  about: 'mean of the 24 key-point scores of the image, with the mean of each category',
  options: promptEnhancerOptions,
  reads: () => [
    {
      name: 'rollout.keypointScores',
      kind: 'json',
      about: 'key point → score in [0, 1] or null where it does not apply',
    },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'mean over key points, in [0, 1]' },
    ...Object.entries(categoryColumns).map(([category, name]) => ({
      name,
      kind: 'number' as const,
      about: `mean of ${category}; abstains without a score`,
    })),
    { name: 'rollout.promptEnhancerApplicable', kind: 'number', about: 'number of scored key points' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const scores = json(batch, 'rollout.keypointScores')
    const items = scoreItems<Parts>(scores.length, i => {
      if (scores[i] === undefined) return noScore('no key-point scores')
      const { reward, applicable, valid, categoryMeans } = alignReward(readScores(scores[i]), options)
      if (!valid) return noScore('no key point has a score')
      const means = Object.fromEntries(Object.entries(categoryMeans).map(([name, mean]) => [name, mean ?? undefined]))
      return { ...(means as RewardParts<KeypointCategory>), reward, applicable }
    })
    const columns = {
      ...categoryColumns,
      applicable: 'rollout.promptEnhancerApplicable',
      reward: 'rollout.reward',
    } as const
    return { columns: partSignals<KeypointCategory | 'reward' | 'applicable'>('rollout', items, columns), state }
  },
})

function readScores(value: unknown): Record<string, number | null> {
  const valid = isJsonObject(value) && Object.values(value).every(score => score === null || typeof score === 'number')
  if (valid) return value as Record<string, number | null>
  throw new GuerdonError(
    'invalid_input',
    `expected keypointScores as an object of numbers and nulls; got ${describeValue(value)}`,
    { path: ['keypointScores'] },
  )
}

/** PromptEnhancer: a prompt rewriter trained on 24 key points of alignment. */
export const promptEnhancer = defineMethod({
  slug: 'promptenhancer',
  title: 'PromptEnhancer: A Simple Approach to Enhance Text-to-Image Models via Chain-of-Thought Prompt Rewriting',
  year: 2025,
  paper: 'arXiv 2509.04545',
  family: 'rules',
  summary:
    'Trains a prompt rewriter in front of a frozen image generator on the mean of 24 fine-grained alignment scores of its images.',
  consumes: [
    'rewriter output and user prompt',
    'key-point scores of the generated image',
    'log-probabilities [G][L] for the loss',
  ],
  produces: ['the rewrite', 'reward, category means and validity', 'advantages [G]', 'training loss'],
  options: promptEnhancerOptions,
  claim: {
    statement:
      'GRPO on the mean of fine-grained key-point scores beats GRPO on a coarse global similarity, which beats supervised rewriting, which beats none.',
    metric: 'true pass rate over applicable key points',
    direction: 'higher',
    size: 0.15,
    against: ['coarse similarity reward', 'supervised rewriter', 'no rewriting'],
    seeds: 5,
    setting:
      'A frozen generator with hidden preferred wordings for 24 key points and crowding, 5 applicable points a prompt, an evaluator with 8 % flipped labels, 200 GRPO steps of 8 prompts × 8 rollouts.',
  },
  stages: [promptEnhancerRewriteStage, promptEnhancerStage],
  compat: ['released'],
  related: ['reward-dance', 'craft-gui'],
})

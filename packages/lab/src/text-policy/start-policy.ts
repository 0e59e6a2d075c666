import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '@guerdon/core'
import {
  createEpisodeSampler,
  createSupervisedLearner,
  demonstrationRows,
  type Episode,
  episodeBatch,
  expertEpisodes,
  initialPolicy,
  loadCheckpoint,
  type PolicyParameters,
  saveCheckpoint,
} from '@guerdon/learn'
import type { NdArray } from '@guerdon/tensor'
import type { TextSetting } from './setting.ts'

/** A policy's parameters as arrays. */
export type Policy = PolicyParameters<NdArray>

/**
 * A policy that was taught by demonstrations until it solves a given share of tasks, and not to the end: what follows is to
 * be learnt from rewards. It is as good in one seed as in another, which makes seeds comparable.
 */
export async function teachStartPolicy(
  { world, level, config, startSuccess, teaching = {} }: TextSetting,
  random: Random,
  signal: AbortSignal,
): Promise<Policy> {
  const { demonstrations = 1000, learningRate = 3e-3, stepsBetweenLooks = 15, mostLooks = 40 } = teaching
  const tasks = random.split('tasks')
  const starts = Array.from({ length: demonstrations }, () => ({ task: world.task(level, tasks) }))
  const experts = expertEpisodes(world, starts, random.split('experts'), config)
  const learner = createSupervisedLearner(demonstrationRows(episodeBatch(experts), config), {
    config,
    initial: initialPolicy(config, random.split('parameters')),
    seed: random.split('order').integer(2 ** 31),
    learningRate,
    maximumGradientNorm: 1,
    batchSize: 32,
  })
  const sampler = createEpisodeSampler(world, { config })
  const look = random.split('look')
  const looked = Array.from({ length: 64 }, () => ({ task: world.task(level, look) }))
  for (let i = 0; i < mostLooks; i++) {
    for (let step = 0; step < stepsBetweenLooks; step++) {
      signal.throwIfAborted()
      await learner.update()
    }
    if (solvedShare(await sampler(learner.parameters(), looked, look.split(i))) >= startSuccess) break
  }
  return learner.parameters()
}

/** Share of episodes that solved their task; those that ended without an answer did not. */
export function solvedShare(episodes: readonly Episode[]): number {
  return episodes.filter(({ correct }) => correct === true).length / episodes.length
}

/** Keeps the start policy of a seed in its folder. */
export function saveStartPolicy(folder: string, policy: Policy): void {
  writeFileSync(join(folder, fileName), saveCheckpoint(policy))
}

/** The start policy of a seed. */
export function loadStartPolicy(folder: string, { config }: TextSetting): Policy {
  return loadCheckpoint(readFileSync(join(folder, fileName)), initialPolicy(config, new Random(0)))
}

const fileName = 'start-policy.safetensors'

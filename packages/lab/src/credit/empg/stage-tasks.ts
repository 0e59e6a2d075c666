import type { Random } from '@guerdon/core'
import { createNoisyPolicy, type Decision, decide, type NoisyPolicy } from '../../toys/noisy-policy.ts'

/**
 * Tasks of several stages. At a stage's clear state one action leads on, every other to its confused state, from which one
 * (other) action leads back.
 */
export interface StageTasks {
  readonly tasks: number
  readonly stages: number
  readonly actions: number
  /** Steps after which an episode ends. */
  readonly horizon: number
  /** [tasks·stages·2] the right action of each state; clear and confused states take turns. */
  readonly right: Int32Array
}

/** What an episode did. */
export interface StageEpisode {
  readonly decisions: readonly Decision[]
  /** All stages were done in time. */
  readonly solved: boolean
}

/** Draws the right action of every state; that of a confused state is another than its clear state's. */
export function drawStageTasks(size: Omit<StageTasks, 'right'>, random: Random): StageTasks {
  const right = new Int32Array(size.tasks * size.stages * 2)
  for (let i = 0; i < right.length; i += 2) {
    right[i] = random.integer(size.actions)
    right[i + 1] = (right[i] + 1 + random.integer(size.actions - 1)) % size.actions
  }
  return { ...size, right }
}

/** Number of a state. */
export function stageState(
  { stages }: StageTasks,
  { task, stage, confused }: { readonly task: number; readonly stage: number; readonly confused: boolean },
): number {
  return (task * stages + stage) * 2 + (confused ? 1 : 0)
}

/** A policy that leans to the right action in clear states, by `lead` logits, and knows nothing of confused ones. */
export function leaningPolicy(tasks: StageTasks, lead: number, noiseFeatures: number): NoisyPolicy {
  const { right, actions } = tasks
  const policy = createNoisyPolicy({ states: right.length, actions, noiseFeatures })
  for (let state = 0; state < right.length; state += 2) policy.table[state * actions + right[state]] = lead
  return policy
}

/** One episode of a task under a policy that also hears N(0, deviation²) noise. */
export function playStages(
  tasks: StageTasks,
  task: number,
  policy: NoisyPolicy,
  { random, deviation }: { readonly random: Random; readonly deviation: number },
): StageEpisode {
  const decisions: Decision[] = []
  let stage = 0
  let confused = false
  while (decisions.length < tasks.horizon && stage < tasks.stages) {
    const state = stageState(tasks, { task, stage, confused })
    const decision = decide(policy, state, random, deviation)
    decisions.push(decision)
    const right = decision.action === tasks.right[state]
    if (right && !confused) stage++
    else confused = !right
  }
  return { decisions, solved: stage === tasks.stages }
}

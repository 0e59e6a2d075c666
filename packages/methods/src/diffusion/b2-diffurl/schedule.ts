import { assertInteger, GuerdonError } from '@guerdon/core'

/** How the trained interval grows. */
export interface ProgressiveOptions {
  /** L: trained steps in the first stage. Default 14. */
  readonly from?: number
  /** R: trained steps in the last stage. Default 20. */
  readonly to?: number
  /** S: number of stages. Default 100. */
  readonly stages?: number
}

/** Trained steps by stage. */
export interface ProgressiveSchedule {
  /** [S] the last `splitStep` denoising steps are trained. */
  readonly splitSteps: readonly number[]
  /** Stages whose interval is longer than the one before; the first stage counts. */
  readonly growsAt: readonly number[]
}

/**
 * Backward progressive training: train the last steps first, whose effect on the reward is direct, then extend the interval
 * towards the beginning. splitStep_j = L + ⌊j·(R − L + 1)/S⌋.
 *
 * @throws invalid_option for L > R or S = 0
 */
export function backwardProgressiveSchedule(options: ProgressiveOptions = {}): ProgressiveSchedule {
  const { from = 14, to = 20, stages = 100 } = options
  assertInteger(from, 'from', 1)
  assertInteger(stages, 'stages', 1)
  if (!Number.isInteger(to) || to < from) {
    throw new GuerdonError('invalid_option', `expected to ≥ from, ${from}; got ${to}`, { path: ['to'] })
  }
  const splitSteps = Array.from({ length: stages }, (_, j) => from + Math.floor((j * (to - from + 1)) / stages))
  return { splitSteps, growsAt: splitSteps.flatMap((steps, j) => (j === 0 || steps > splitSteps[j - 1] ? [j] : [])) }
}

/** Size of one stage's sampling. */
export interface BranchOptions {
  /** T denoising steps. Default 20. */
  readonly steps?: number
  /** Trained steps, the length of the branches. */
  readonly splitStep: number
  /** Children of each branch point. Default 5. */
  readonly children?: number
  /** Prompts sampled side by side. */
  readonly batchSize: number
  /** Batches a stage. */
  readonly rounds: number
}

/** Where a row of the sampled data stands in the tree. */
export interface BranchRow {
  readonly round: number
  /** Which child of its branch point. */
  readonly branch: number
  /** Which prompt of the batch. */
  readonly slot: number
}

/** The tree of one stage's sampling. */
export interface BranchPlan {
  /** Rows in storage order: round, child, slot. */
  readonly rows: readonly BranchRow[]
  /** Siblings that share a prefix, by row; ordered by slot, then round. */
  readonly groups: readonly (readonly number[])[]
  /** Denoising steps that are trained: T − splitStep … T − 1. */
  readonly trainSteps: readonly number[]
  /** Step before which a chain is copied. */
  readonly branchPoint: number
  readonly networkCalls: number
  /** Calls the same number of independent chains would need. */
  readonly networkCallsUnbranched: number
}

/**
 * Plans branch sampling: each chain runs once to step T − splitStep and is continued by several children with independent
 * noise. Siblings share the prefix, so their differences are what the trained steps did. Fork the random stream with the
 * latent, or all children are the same.
 *
 * @throws invalid_option for splitStep > T
 */
export function branchPlan(options: BranchOptions): BranchPlan {
  const { steps = 20, splitStep, children = 5, batchSize, rounds } = options
  for (const [name, value] of Object.entries({ steps, splitStep, children, batchSize, rounds }))
    assertInteger(value, name, 1)
  if (splitStep > steps) {
    throw new GuerdonError('invalid_option', `expected splitStep ≤ ${steps} steps; got ${splitStep}`, {
      path: ['splitStep'],
    })
  }
  const rows: BranchRow[] = []
  for (let round = 0; round < rounds; round++) {
    for (let branch = 0; branch < children; branch++) {
      for (let slot = 0; slot < batchSize; slot++) rows.push({ round, branch, slot })
    }
  }
  const groups: number[][] = []
  for (let slot = 0; slot < batchSize; slot++) {
    for (let round = 0; round < rounds; round++) {
      groups.push(Array.from({ length: children }, (_, branch) => (round * children + branch) * batchSize + slot))
    }
  }
  const branchPoint = steps - splitStep
  return {
    rows,
    groups,
    trainSteps: Array.from({ length: splitStep }, (_, i) => branchPoint + i),
    branchPoint,
    networkCalls: rounds * batchSize * (branchPoint + children * splitStep),
    networkCallsUnbranched: rounds * batchSize * children * steps,
  }
}

import { assertSameRagged } from '@guerdon/core'
import { generalizedAdvantages } from '../../shared/gae.ts'
import { maskedCount, maskedMoments } from '../../shared/masked.ts'
import { flatten, toRows } from '../../shared/ragged.ts'

/** Token rows of a batch, [B][T] each. */
export interface TokenRows {
  readonly rewards: readonly ArrayLike<number>[]
  /** Critic values; 0 on padding. */
  readonly values: readonly ArrayLike<number>[]
  /** 1 on the policy's own tokens, 0 on observations and padding. */
  readonly mask: readonly ArrayLike<number>[]
}

/** Choices of `pprAdvantages`. */
export interface PprAdvantageOptions {
  /** γ. Default 1. */
  readonly gamma?: number
  /** λ. Default 1. */
  readonly lambda?: number
  /** Added to the variance when whitening. Default 1e-8. */
  readonly epsilon?: number
}

/** Advantages of a batch, [B][T] each. */
export interface PprAdvantages {
  readonly raw: readonly Float64Array[]
  /** raw + values: what the critic regresses on. */
  readonly returns: readonly Float64Array[]
  /** Whitened over the policy's tokens of the batch, 0 elsewhere. */
  readonly whitened: readonly Float64Array[]
}

/**
 * GAE over *every* response position, observations included (a process reward stands at the end of its observation block),
 * then whitening over the policy's tokens (in a recipe: the stage `gae` with rewards "token" and maskedTokens "include" after the
 * stage `ppr`): (A − mean)/√(var + ε), Bessel-corrected. Fewer than two policy tokens, or equal
 * advantages, give 0.
 */
export function pprAdvantages(rows: TokenRows, options: PprAdvantageOptions = {}): PprAdvantages {
  const { gamma = 1, lambda = 1, epsilon = 1e-8 } = options
  assertSameRagged(rows.values, 'values', rows.rewards, 'rewards')
  assertSameRagged(rows.mask, 'mask', rows.rewards, 'rewards')
  const { offsets, values: rewards } = flatten(rows.rewards)
  const values = flatten(rows.values).values
  const mask = flatten(rows.mask).values
  const { advantages, returns } = generalizedAdvantages(rewards, values, { offsets }, { gamma, lambda })
  const whitened = new Float64Array(rewards.length)
  if (maskedCount(mask.length, mask) >= 2) {
    const { mean, variance } = maskedMoments(advantages, mask)
    const scale = 1 / Math.sqrt(variance + epsilon)
    for (let t = 0; t < whitened.length; t++) if (mask[t]) whitened[t] = (advantages[t] - mean) * scale
  }
  return {
    raw: toRows(Float64Array.from(advantages), offsets),
    returns: toRows(Float64Array.from(returns), offsets),
    whitened: toRows(whitened, offsets),
  }
}

import {
  add,
  clip,
  div,
  exp,
  greater,
  log,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  type Operand,
  oneHot,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  variance,
  where,
  zerosLike,
} from '@guerdon/tensor'

/** One mini-batch for PPO, `[B]` each. */
export interface PpoBatch {
  readonly newLogProb: Tensor
  readonly oldLogProb: Tensor
  readonly advantages: Tensor
  readonly newValues: Tensor
  readonly oldValues: Tensor
  readonly returns: Tensor
  /** Entropy of the current policy at each step. */
  readonly entropy: Tensor
}

/** Choices of `ppoLoss`; the defaults are CleanRL's for discrete actions. */
export interface PpoLossOptions {
  /** Default 0.2. */
  readonly clip?: number
  /**
   * Centre and scale the mini-batch's advantages by the sample deviation + 1e-8; skipped for one element. Default true.
   */
  readonly normalizeAdvantages?: boolean
  /** Clip the value change like the ratio. Default true. */
  readonly clipValueLoss?: boolean
  /** Default 0.01; 0 for continuous actions. */
  readonly entropyCoefficient?: number
  /** Default 0.5. */
  readonly valueCoefficient?: number
}

/** The loss with what is logged beside it; all scalars. */
export interface PpoLossResult {
  readonly loss: Tensor
  readonly policyLoss: Tensor
  readonly valueLoss: Tensor
  readonly entropy: Tensor
  /** mean((ρ − 1) − log ρ) ≥ 0. */
  readonly approxKl: Tensor
  /** mean(−log ρ). */
  readonly oldApproxKl: Tensor
  /** Share of steps with |ρ − 1| > clip. */
  readonly clipFraction: Tensor
}

/**
 * PPO for control, one mini-batch: mean max(−Âρ, −Â·clip(ρ)) − c_e·entropy + c_v·value loss, the value loss 0.5·mean
 * max((v − R)², (v_clip − R)²).
 *
 * Differs from the token-level `ppoClipLoss`: no mask, no dual clip, no cap on the log-ratio. CleanRL `ppo.py`.
 */
export function ppoLoss(batch: PpoBatch, options: PpoLossOptions = {}): PpoLossResult {
  const { clip: epsilon = 0.2, normalizeAdvantages = true, clipValueLoss = true } = options
  const { entropyCoefficient = 0.01, valueCoefficient = 0.5 } = options
  const logRatio = sub(batch.newLogProb, batch.oldLogProb)
  const ratio = exp(logRatio)
  const advantages = normalizeAdvantages ? normalized(batch.advantages) : batch.advantages
  const policyLoss = mean(
    maximum(
      mul(neg(advantages), ratio),
      mul(neg(advantages), clip(ratio, { minimum: 1 - epsilon, maximum: 1 + epsilon })),
    ),
  )
  const plain = square(sub(batch.newValues, batch.returns))
  const moved = clip(sub(batch.newValues, batch.oldValues), { minimum: -epsilon, maximum: epsilon })
  const clipped = square(sub(add(batch.oldValues, moved), batch.returns))
  const valueLoss = mul(mean(clipValueLoss ? maximum(plain, clipped) : plain), 0.5)
  const entropy = mean(batch.entropy)
  const loss = add(sub(policyLoss, mul(entropy, entropyCoefficient)), mul(valueLoss, valueCoefficient))
  const outside = greater(maximum(sub(ratio, 1), sub(1, ratio)), epsilon)
  return {
    loss,
    policyLoss,
    valueLoss,
    entropy,
    approxKl: mean(sub(sub(ratio, 1), logRatio)),
    oldApproxKl: neg(mean(logRatio)),
    clipFraction: mean(where(outside, 1, zerosLike(ratio))),
  }
}

function normalized(values: Tensor): Tensor {
  if (values.shape[0] < 2) return values
  const deviation = sqrt(variance(values, { correction: 1 }))
  return div(sub(values, mean(values)), add(deviation, 1e-8))
}

/** A2C: −mean(log π·Â) − c_e·mean entropy + c_v·mean((R − v)²), Â held fixed. Defaults 0.01 and 0.5. */
export function a2cLoss(
  batch: { readonly logProb: Tensor; readonly values: Tensor; readonly targets: Tensor; readonly entropy: Tensor },
  options: { readonly entropyCoefficient?: number; readonly valueCoefficient?: number } = {},
): Tensor {
  const { entropyCoefficient = 0.01, valueCoefficient = 0.5 } = options
  const advantages = stopGradient(sub(batch.targets, batch.values))
  const policy = neg(mean(mul(batch.logProb, advantages)))
  const value = mean(square(sub(batch.targets, batch.values)))
  return add(sub(policy, mul(mean(batch.entropy), entropyCoefficient)), mul(value, valueCoefficient))
}

/**
 * REINFORCE with baseline, mean over steps: policy −mean(log π·Â) with Â = G − b held fixed, baseline 0.5·mean((G −
 * b)²). `[T]` each.
 */
export function reinforceLosses(
  logProb: Tensor,
  baseline: Tensor,
  returns: Tensor,
): { readonly policyLoss: Tensor; readonly baselineLoss: Tensor } {
  const advantages = stopGradient(sub(returns, baseline))
  return {
    policyLoss: neg(mean(mul(logProb, advantages))),
    baselineLoss: mul(mean(square(sub(returns, baseline))), 0.5),
  }
}

/** A squashed Gaussian action. */
export interface SquashedAction {
  /** [B][A] */
  readonly action: Tensor
  /** [B] */
  readonly logProb: Tensor
  /** [B][A] tanh of the mean, scaled: what is evaluated. */
  readonly deterministic: Tensor
  /** [B][A] */
  readonly logStd: Tensor
}

/**
 * SAC's policy head: log σ = −5 + 3.5·(tanh(raw) + 1); y = tanh(μ + σ·noise); action = scale·y + offset; log π = Σ_A
 * [log N − log(scale·(1 − y²) + 1e-6)].
 *
 * @param mean [B][A] @param rawLogStd [B][A] @param noise [B][A] standard normal
 * @param low [A] @param high [A] bounds of the action
 * CleanRL `sac_continuous_action.py`.
 */
export function squashedGaussian(
  mean: Tensor,
  rawLogStd: Tensor,
  noise: Tensor,
  low: Tensor,
  high: Tensor,
): SquashedAction {
  const logStd = add(mul(add(tanh(rawLogStd), 1), 3.5), -5)
  const scale = mul(sub(high, low), 0.5)
  const offset = mul(add(high, low), 0.5)
  const y = tanh(add(mean, mul(exp(logStd), noise)))
  // log N of a reparameterised draw needs only the noise
  const logNormal = sub(mul(square(noise), -0.5), add(logStd, 0.5 * Math.log(2 * Math.PI)))
  const correction = log(add(mul(scale, sub(1, square(y))), 1e-6))
  return {
    action: add(mul(y, scale), offset),
    logProb: sum(sub(logNormal, correction), { axis: -1 }),
    deterministic: add(mul(tanh(mean), scale), offset),
    logStd,
  }
}

/** r + γ(1 − terminated)·(min(Q₁′, Q₂′) − α·log π′), `[B]`; only true termination cuts the bootstrap. */
export function sacCriticTarget(
  batch: {
    readonly rewards: Tensor
    readonly terminated: Tensor
    readonly targetQ1: Tensor
    readonly targetQ2: Tensor
    readonly nextLogProb: Tensor
  },
  options: { readonly alpha: Operand /** Default 0.99. */; readonly gamma?: number },
): Tensor {
  const { alpha, gamma = 0.99 } = options
  const soft = sub(minimum(batch.targetQ1, batch.targetQ2), mul(batch.nextLogProb, alpha))
  return stopGradient(add(batch.rewards, mul(mul(sub(1, batch.terminated), gamma), soft)))
}

/** Critic: mean((Q₁ − y)²) + mean((Q₂ − y)²). */
export function sacCriticLoss(q1: Tensor, q2: Tensor, target: Tensor): Tensor {
  return add(mean(square(sub(q1, target))), mean(square(sub(q2, target))))
}

/** Actor: mean(α·log π − min(Q₁, Q₂)). */
export function sacActorLoss(logProb: Tensor, q1: Tensor, q2: Tensor, alpha: Operand): Tensor {
  return mean(sub(mul(logProb, alpha), minimum(q1, q2)))
}

/** Temperature: mean(−e^{log α}·(log π + target entropy)); the target is −(number of action dimensions). */
export function sacTemperatureLoss(logAlpha: Tensor, logProb: Tensor, targetEntropy: number): Tensor {
  return mean(mul(neg(exp(logAlpha)), stopGradient(add(logProb, targetEntropy))))
}

/** DQN: mean((r + γ(1 − terminated)·max_a Q_target(s′,·) − Q(s,a))²). `q`, `nextTargetQ` [B][A], the rest [B]. */
export function dqnLoss(
  batch: {
    readonly q: Tensor
    readonly actions: Tensor
    readonly rewards: Tensor
    readonly terminated: Tensor
    readonly nextTargetQ: Tensor
  },
  options: { /** Default 0.99. */ readonly gamma?: number } = {},
): Tensor {
  const { gamma = 0.99 } = options
  const bootstrap = mul(mul(sub(1, batch.terminated), gamma), max(batch.nextTargetQ, { axis: -1 }))
  const target = stopGradient(add(batch.rewards, bootstrap))
  const taken = sum(mul(batch.q, oneHot(batch.actions, { depth: batch.q.shape[1] })), { axis: -1 })
  return mean(square(sub(target, taken)))
}

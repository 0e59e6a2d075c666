/** CleanRL's settings, so that reward designs are compared under the same learner. */
export const learnerSettings = {
  qLearning2021: { step: 0.5, epsilon: 0.1, order: 'forwards' },
  qLearning2022: { step: 0.1, epsilon: 0.05, order: 'backwards' },
  a2c: {
    nSteps: 5,
    lambda: 1,
    learningRate: 7e-4,
    rmsEpsilon: 1e-5,
    rmsDecay: 0.99,
    valueCoefficient: 0.5,
    entropyCoefficient: 0.01,
    maxGradNorm: 0.5,
    environments: 16,
  },
  ppoDiscrete: {
    totalSteps: 500_000,
    learningRate: 2.5e-4,
    anneal: true,
    environments: 4,
    steps: 128,
    gamma: 0.99,
    lambda: 0.95,
    miniBatches: 4,
    epochs: 4,
    clip: 0.2,
    entropyCoefficient: 0.01,
    valueCoefficient: 0.5,
    maxGradNorm: 0.5,
    adamEpsilon: 1e-5,
    hidden: [64, 64],
    activation: 'tanh',
    initialGain: Math.SQRT2,
    policyHeadGain: 0.01,
    valueHeadGain: 1,
  },
  ppoContinuous: {
    totalSteps: 1_000_000,
    learningRate: 3e-4,
    anneal: true,
    environments: 1,
    steps: 2048,
    gamma: 0.99,
    lambda: 0.95,
    miniBatches: 32,
    epochs: 10,
    clip: 0.2,
    entropyCoefficient: 0,
    valueCoefficient: 0.5,
    maxGradNorm: 0.5,
    adamEpsilon: 1e-5,
    hidden: [64, 64],
    activation: 'tanh',
    initialLogStd: 0,
    observationClip: 10,
    rewardClip: 10,
  },
  sac: {
    bufferSize: 1_000_000,
    batchSize: 256,
    gamma: 0.99,
    polyak: 0.005,
    startSteps: 5000,
    policyLearningRate: 3e-4,
    criticLearningRate: 1e-3,
    policyFrequency: 2,
    hidden: [256, 256],
    activation: 'relu',
  },
  dqn: {
    learningRate: 2.5e-4,
    bufferSize: 10_000,
    batchSize: 128,
    gamma: 0.99,
    targetSync: 500,
    trainFrequency: 10,
    startEpsilon: 1,
    endEpsilon: 0.05,
    explorationFraction: 0.5,
    startSteps: 10_000,
    hidden: [120, 84],
    activation: 'relu',
  },
} as const

/** PPO's linear annealing: lr·(1 − (iteration − 1)/iterations), iterations counted from 1. */
export function annealedLearningRate(learningRate: number, iteration: number, iterations: number): number {
  return learningRate * (1 - (iteration - 1) / iterations)
}

/** DQN's exploration: ε falls linearly from `start` to `end` over the first `fraction` of `totalSteps`, then stays. */
export function explorationRate(
  step: number,
  totalSteps: number,
  options: {
    /** Default 1. */ readonly start?: number
    /** Default 0.05. */ readonly end?: number
    /** Default 0.5. */ readonly fraction?: number
  } = {},
): number {
  const { start = 1, end = 0.05, fraction = 0.5 } = options
  return Math.max(start + ((end - start) * step) / (fraction * totalSteps), end)
}

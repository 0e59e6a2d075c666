import {
  addNoise,
  addToGrid,
  archiveLocalCompetition,
  archiveNovelty,
  archiveStatistics,
  type BetaSchedule,
  classifierFreeGuidance,
  cleanFrom,
  cmaParameters,
  cmaState,
  cmaUpdate,
  ddimLogProb,
  ddimStep,
  ddimTimesteps,
  defaultCmaPopulation,
  diffusionPosterior,
  emptyGridArchive,
  type GridArchive,
  gridIndex,
  isoLineVariation,
  noiseFrom,
  noiseSchedule,
  type PredictionType,
  randomDirectionRank,
  scoreFrom,
  twoStageImprovementRank,
  velocity,
} from '@guerdon/methods/exploration/baselines-qd-diffusion'
import type { Adapters } from '../adapter.ts'

interface Grid {
  dims: number[]
  lowerBounds: number[]
  upperBounds: number[]
  epsilon?: number
}

const gridOf = (input: Grid) => ({
  dims: input.dims,
  lower: input.lowerBounds,
  upper: input.upperBounds,
  epsilon: input.epsilon ?? 1e-6,
})

const scheduleNames: Readonly<Record<string, BetaSchedule>> = {
  linear: 'linear',
  scaled_linear: 'scaledLinear',
  scaledLinear: 'scaledLinear',
  cosine: 'cosine',
  squaredcos_cap_v2: 'cosine',
}

const predictionNames: Readonly<Record<string, PredictionType>> = {
  epsilon: 'noise',
  sample: 'sample',
  v_prediction: 'velocity',
}

const at = (values: Float64Array, indices: readonly number[]) => indices.map(index => values[index])

const square = (flat: Float64Array, size: number) =>
  Array.from({ length: size }, (_, i) => flat.subarray(i * size, (i + 1) * size))

export const adapters = {
  gridIndexOf: (input: Grid & { measures: number[][] }) => {
    const { cells, flat } = gridIndex(input.measures, gridOf(input))
    return { flatIndex: flat, gridIndex: cells }
  },
  gridArchiveAdd: (
    input: Grid & {
      qdScoreOffset?: number | null
      learningRate?: number | null
      thresholdMin?: number | null
      batches: { objective: number[]; measures: number[][] }[]
    },
  ) => {
    const options = {
      learningRate: input.learningRate ?? 1,
      thresholdMin: Number.isFinite(input.thresholdMin) ? (input.thresholdMin ?? null) : null,
      qdScoreOffset: input.qdScoreOffset ?? 0,
    }
    let archive: GridArchive = emptyGridArchive(gridOf(input), options)
    const perBatch = input.batches.map(({ objective, measures }) => {
      const added = addToGrid(archive, { objectives: objective, measures })
      archive = added.archive
      const statistics = archiveStatistics(archive)
      return {
        status: added.status,
        value: added.value,
        numElites: statistics.eliteCount,
        coverage: statistics.coverage,
        qdScore: statistics.qdScore,
        normQdScore: statistics.normalisedQdScore,
        objMax: statistics.bestObjective,
        objMean: statistics.meanObjective,
      }
    })
    const elites = {
      flatIndex: archive.elites.map(({ cell }) => cell),
      objective: archive.elites.map(({ objective }) => objective),
      measures: archive.elites.map(({ measures }) => measures),
    }
    return { perBatch, elites }
  },
  archiveNovelty: (input: {
    kNeighbors: number
    archive: number[][]
    queries: number[][]
    archiveObjective: number[] | null
    queryObjective: number[] | null
    emptyArchiveNovelty?: number
  }) => {
    const neighbours = input.kNeighbors
    const aloneNovelty = input.emptyArchiveNovelty ?? 0
    const novelty = archiveNovelty(input.queries, input.archive, { neighbours, aloneNovelty })
    if (!input.queryObjective) return { novelty }
    const { queries, archive, queryObjective, archiveObjective } = input
    const counts = archiveLocalCompetition(queries, archive, queryObjective, archiveObjective ?? [], { neighbours })
    return { novelty, localCompetition: counts }
  },
  twoStageImprovementRank: (input: { status: number[]; value: number[] }) => ({
    order: twoStageImprovementRank(input.status, input.value),
  }),
  randomDirectionRank: (input: { measures: number[][]; direction: number[] }) =>
    randomDirectionRank(input.measures, input.direction),
  cmaStrategyParams: (input: { dimension: number; numParents: number }) => {
    const parameters = cmaParameters(input.dimension, input.numParents)
    return {
      weights: parameters.weights,
      muEff: parameters.effectiveParents,
      cc: parameters.cc,
      cs: parameters.cSigma,
      c1: parameters.c1,
      cmu: parameters.cMu,
      damps: parameters.dampSigma,
      defaultPopulation: defaultCmaPopulation(input.dimension),
    }
  },
  cmaUpdate: (input: {
    mean: number[]
    sigma: number
    C: number[][]
    pc: number[]
    ps: number[]
    parentsBestFirst: number[][]
    evaluationsIncludingThisGeneration: number
    populationSize: number
  }) => {
    const state = cmaState(input.mean, input.sigma, {
      covariance: input.C.flat(),
      pathC: input.pc,
      pathSigma: input.ps,
    })
    const next = cmaUpdate(state, input.parentsBestFirst, {
      populationSize: input.populationSize,
      evaluations: input.evaluationsIncludingThisGeneration,
    })
    return {
      mean: next.mean,
      sigma: next.sigma,
      ps: next.pathSigma,
      pc: next.pathC,
      C: square(next.covariance, input.mean.length),
      hsig: next.hSigma,
    }
  },
  isoLineVariation: (input: {
    isoSigma: number
    lineSigma: number
    parentA: number[][]
    parentB: number[][]
    isoNormal: number[][]
    lineNormal: number[]
  }) => ({
    child: input.parentA.map((parent, i) =>
      isoLineVariation(parent, input.parentB[i], { isotropic: input.isoNormal[i], line: input.lineNormal[i] }, input),
    ),
  }),
  noiseSchedule: (input: {
    kind: string
    numTrainTimesteps: number
    betaStart: number | null
    betaEnd: number | null
    cosineS?: number | null
    betaMax?: number | null
    indices: number[]
  }) => {
    const schedule = noiseSchedule({
      schedule: scheduleNames[input.kind],
      steps: input.numTrainTimesteps,
      betaStart: input.betaStart ?? 0.00085,
      betaEnd: input.betaEnd ?? 0.012,
      cosineOffset: input.cosineS ?? 0.008,
      betaMax: input.betaMax ?? 0.999,
    })
    const posterior = diffusionPosterior(schedule)
    return {
      beta: at(schedule.betas, input.indices),
      alphaBar: at(schedule.alphasCumulative, input.indices),
      posteriorVariance: at(posterior.variance, input.indices),
      posteriorMeanCoefX0: at(posterior.cleanCoefficient, input.indices),
      posteriorMeanCoefXt: at(posterior.noisyCoefficient, input.indices),
    }
  },
  ddimTimesteps: (input: { numTrainTimesteps: number; numInferenceSteps: number; stepsOffset: number }) => {
    const { timesteps, previous, previousClamped } = ddimTimesteps({
      trainSteps: input.numTrainTimesteps,
      steps: input.numInferenceSteps,
      offset: input.stepsOffset,
    })
    return { timesteps, previousTimestepUnclamped: previous, previousTimestepDdpo: previousClamped }
  },
  forwardAndParameterisations: (input: { alphaBar: number; x0: number[][]; noise: number[][] }) => {
    const { alphaBar, x0, noise } = input
    const xt = x0.map((clean, i) => addNoise(clean, noise[i], alphaBar))
    const v = x0.map((clean, i) => velocity(clean, noise[i], alphaBar))
    return {
      xt,
      v,
      x0FromEps: xt.map((noisy, i) => cleanFrom(noisy, noise[i], alphaBar, 'noise')),
      x0FromV: xt.map((noisy, i) => cleanFrom(noisy, v[i], alphaBar, 'velocity')),
      epsFromV: xt.map((noisy, i) => noiseFrom(noisy, v[i], alphaBar, 'velocity')),
      score: noise.map(row => scoreFrom(row, alphaBar)),
    }
  },
  classifierFreeGuidance: (input: { epsUncond: number[][]; epsCond: number[][]; guidanceScale: number }) => ({
    eps: input.epsUncond.map((row, i) => classifierFreeGuidance(row, input.epsCond[i], input.guidanceScale)),
  }),
  ddimStepWithLogprob: (input: {
    numTrainTimesteps: number
    numInferenceSteps: number
    betaSchedule: string
    betaStart: number
    betaEnd: number
    predictionType: string
    clipSample: boolean
    clipSampleRange: number
    eta: number
    timesteps: number[]
    modelOutput: number[][]
    sample: number[][]
    prevSample: number[][]
  }) => {
    const schedule = noiseSchedule({
      schedule: scheduleNames[input.betaSchedule],
      steps: input.numTrainTimesteps,
      betaStart: input.betaStart,
      betaEnd: input.betaEnd,
    })
    const { means, sigma } = ddimStep(
      schedule,
      { samples: input.sample, outputs: input.modelOutput, timesteps: input.timesteps },
      {
        steps: input.numInferenceSteps,
        eta: input.eta,
        prediction: predictionNames[input.predictionType],
        clipRange: input.clipSample ? input.clipSampleRange : null,
      },
    )
    return { mean: means, std: sigma, logProb: ddimLogProb(input.prevSample, means, sigma) }
  },
} satisfies Adapters

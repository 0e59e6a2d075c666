import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mean, Random } from '@guerdon/core'
import {
  createGradientLearner,
  expertEpisodes,
  initialStepModel,
  loadCheckpoint,
  type StepParameters,
  type StepSpec,
  saveCheckpoint,
  stepModel,
  stepTask,
} from '@guerdon/learn'
import type { NdArray } from '@guerdon/tensor'
import type { ArithmeticState, ArithmeticTask } from '@guerdon/worlds/text/arithmetic'
import type { Policy } from '../../text-policy/start-policy.ts'
import type { Answer } from '../arithmetic/ask.ts'
import { type CarelessSetting, stepsOf, type WrittenStep } from './careless.ts'

/** P(a label is the wrong one). */
const labelNoise = 0.1

/** Values of the steps of answers, [R][Sᵢ] in [0, 1]. */
export type ProcessModel = (answers: readonly Answer[]) => Promise<number[][]>

function specOf({ world, config }: CarelessSetting): StepSpec {
  return { kind: 'steps', transformer: config, stepToken: world.vocabulary.id(';') }
}

const fileName = 'process-model.safetensors'

/**
 * Trains a process reward model, begun from the taught policy, on steps of careless demonstrations and keeps it in the
 * folder. A label says whether the step's arithmetic is right, and is the wrong one in a tenth of the cases. That a step is
 * of no use is not asked: so trivial steps are liked.
 */
export async function teachProcessModel(
  setting: CarelessSetting,
  policy: Policy,
  { random, folder, signal }: { readonly random: Random; readonly folder: string; readonly signal: AbortSignal },
): Promise<void> {
  const spec = specOf(setting)
  const labels = random.split('labels')
  const shown = demonstrated(setting, setting.processModel.examples, random.split('answers'))
  const examples = shown.map(answer => {
    const steps = stepsOf(answer, setting.world)
    return {
      ...promptAndSteps(answer, steps, spec),
      labels: steps.map(({ valid }) => Number(labels.bernoulli(labelNoise) ? !valid : valid)),
    }
  })
  const initial = { ...initialStepModel(spec, random.split('head')), encoder: policy.body }
  const learner = createGradientLearner(stepTask(spec, examples, { batchSize: 32, initial }), {
    seed: random.split('batches').integer(2 ** 31),
    learningRate: 4e-3,
    maximumGradientNorm: 1,
  })
  for (let update = 0; update < setting.processModel.updates; update++) {
    signal.throwIfAborted()
    await learner.update()
  }
  writeFileSync(join(folder, fileName), saveCheckpoint(learner.parameters()))
}

/** The process model of a seed. */
export function loadProcessModel(folder: string, setting: CarelessSetting): ProcessModel {
  const spec = specOf(setting)
  const like = initialStepModel(spec, new Random(0))
  const parameters: StepParameters<NdArray> = loadCheckpoint(readFileSync(join(folder, fileName)), like)
  const model = stepModel(spec, parameters, { batchSize: 64 })
  return async answers => {
    const steps = answers.map(answer => stepsOf(answer, setting.world))
    const judged = answers.flatMap((_, i) => (steps[i].length > 0 ? [i] : []))
    const judgements = await model.scoreAll(judged.map(i => promptAndSteps(answers[i], steps[i], spec)))
    const values: number[][] = answers.map(() => [])
    for (const [j, i] of judged.entries()) values[i] = Array.from(judgements[j].perStep ?? [])
    return values
  }
}

/** What the process model thinks of sound, wrong and trivial steps of fresh demonstrations, on average. */
export async function processValues(
  model: ProcessModel,
  setting: CarelessSetting,
  random: Random,
): Promise<Record<'soundValue' | 'slipValue' | 'trivialValue', number>> {
  const shown = demonstrated(setting, 128, random)
  const values = await model(shown)
  const judged = shown.flatMap((answer, i) =>
    stepsOf(answer, setting.world).map((step, s) => ({ ...step, value: values[i][s] })),
  )
  const of = (wanted: (step: WrittenStep) => boolean): number => mean(judged.filter(wanted).map(({ value }) => value))
  return {
    soundValue: of(({ valid, planned }) => valid && planned),
    slipValue: of(({ valid }) => !valid),
    trivialValue: of(({ valid, planned }) => valid && !planned),
  }
}

function demonstrated({ world, level, config }: CarelessSetting, count: number, random: Random): Answer[] {
  const tasks = random.split('tasks')
  const starts = Array.from({ length: count }, () => ({ task: world.task(level, tasks) }))
  return expertEpisodes<ArithmeticTask, ArithmeticState>(world, starts, random.split('experts'), config)
}

/** The question, and the steps each followed by the mark at which it is judged. */
function promptAndSteps({ tokens, turns: [turn] }: Answer, steps: readonly WrittenStep[], { stepToken }: StepSpec) {
  return {
    prompt: Array.from(tokens.subarray(0, turn.actionStart)),
    candidate: steps.flatMap(step => [...step.tokens, stepToken]),
  }
}

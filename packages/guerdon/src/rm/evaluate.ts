import { GuerdonError } from '@guerdon/core'
import {
  type AgreementMatrix,
  agreementMatrix,
  type ChoiceReport,
  choiceReport,
  type PairReport,
  type PointReport,
  type PreferenceRecord,
  pairReport,
  pointReport,
  type ScoredChoice,
  type StepReport,
  stepReport,
} from '@guerdon/learn'
import type { Io } from '../io.ts'
import { attributeTargets, scoreTargets, stepsOf } from './examples.ts'
import { stepItem } from './items.ts'
import { comparedScore, type JudgedPair, type JudgeOptions, judgeAll, judgePairs } from './judge.ts'
import type { Kind } from './kinds.ts'
import { type LoadedModel, loadModel } from './model-folder.ts'
import { readPreferences } from './read-preferences.ts'

/** Everything a model can be told about a file of preferences; what does not apply is absent. */
export interface EvaluationReport {
  readonly model: string
  readonly kind: Kind
  readonly file: string
  readonly layout: string
  readonly records: number
  readonly duplicates: number
  readonly contradictions: number
  readonly skipped: number
  readonly pairs?: PairReport
  readonly choices?: ChoiceReport
  readonly steps?: StepReport
  readonly attributes?: Readonly<Record<string, PointReport>>
  /** Of the members of an ensemble. */
  readonly agreement?: AgreementMatrix
}

/** Choices of an evaluation. */
export interface EvaluateOptions extends JudgeOptions {
  readonly layout: string
  readonly onError: 'stop' | 'skip'
  readonly bins: number
  readonly seed: number
}

/**
 * Judges a file with the model of a folder.
 *
 * @throws invalid_input when the file holds nothing this kind of model can be judged by
 */
export async function evaluateFile(
  folder: string,
  file: string,
  options: EvaluateOptions,
  io: Io,
): Promise<EvaluationReport> {
  const loaded = await loadModel(folder)
  const { records, layout, duplicates, contradictions, reading } = await readPreferences(file, options, io)
  const judged = await judgePairs(loaded, records, options)
  const parts = {
    ...pairsPart(judged, loaded, options),
    ...choicesPart(judged, records),
    ...(await stepsPart(loaded, records, options)),
    ...(await attributesPart(loaded, records, options)),
  }
  if (Object.keys(parts).length === 0) {
    throw new GuerdonError(
      'invalid_input',
      `expected records that a model of kind ${loaded.config.kind} can be judged by; ${file} (layout ${layout}) has none`,
      { file, hint: 'pairs for scorers, labelled steps for process models' },
    )
  }
  return {
    model: folder,
    kind: loaded.config.kind,
    file,
    layout,
    records: records.length,
    duplicates,
    contradictions,
    skipped: reading.skipped,
    ...parts,
  }
}

function pairsPart(
  judged: readonly JudgedPair[],
  { config }: LoadedModel,
  { bins, seed }: EvaluateOptions,
): Pick<EvaluationReport, 'pairs' | 'agreement'> {
  if (!judged.some(({ pair }) => !pair.tied)) return {}
  const subsets = judged.some(({ pair }) => pair.subset !== undefined)
  const texts = judged.every(({ pair }) => typeof pair.chosen === 'string')
  const pairs = pairReport(
    {
      chosen: judged.map(({ chosen }) => comparedScore(chosen)),
      rejected: judged.map(({ rejected }) => comparedScore(rejected)),
      tied: judged.map(({ pair }) => pair.tied === true),
      ...(subsets && { subsets: judged.map(({ pair }) => pair.subset ?? 'none') }),
      ...(texts && {
        chosenLengths: judged.map(({ pair }) => pair.chosen.length),
        rejectedLengths: judged.map(({ pair }) => pair.rejected.length),
      }),
    },
    { bins, seed, ...(config.temperature !== undefined && { temperature: config.temperature }) },
  )
  const members = judged[0].chosen.members?.length ?? 0
  if (members < 2) return { pairs }
  const names = Array.from({ length: members }, (_, k) => `member ${k + 1}`)
  // the matrix is quadratic in the responses
  const sample = judged.slice(0, 500).flatMap(({ chosen, rejected }) => [chosen, rejected])
  const scores = names.map((_, k) => sample.map(({ members: all }) => all?.[k] ?? 0))
  return { pairs, agreement: agreementMatrix(names, scores) }
}

function choicesPart(
  judged: readonly JudgedPair[],
  records: readonly PreferenceRecord[],
): Pick<EvaluationReport, 'choices'> {
  const choices = records.filter(record => record.kind === 'choice')
  if (choices.length === 0) return {}
  const byId = new Map<string, JudgedPair[]>()
  for (const one of judged) {
    const key = JSON.stringify([one.pair.id, one.pair.subset])
    byId.set(key, [...(byId.get(key) ?? []), one])
  }
  const scored = choices.map(({ id, subset, correct, incorrect }): ScoredChoice => {
    const found = byId.get(JSON.stringify([id, subset])) ?? []
    const scoreOf = (side: 'chosen' | 'rejected', texts: readonly string[]): number[] =>
      texts
        .flatMap(text => found.filter(({ pair }) => pair[side] === text).slice(0, 1))
        .map(one => comparedScore(one[side]))
    return { id, subset, correct: scoreOf('chosen', correct), incorrect: scoreOf('rejected', incorrect) }
  })
  return { choices: choiceReport(scored) }
}

async function stepsPart(
  loaded: LoadedModel,
  records: readonly PreferenceRecord[],
  options: JudgeOptions,
): Promise<Pick<EvaluationReport, 'steps'>> {
  if (loaded.config.kind !== 'process') return {}
  const encoder = loaded.encoder()
  const items = stepsOf(records)
    .map(record => stepItem(record, encoder))
    .filter(({ labels }) => labels.some(label => label === 0 || label === 1))
  if (items.length === 0) return {}
  const judgements = await judgeAll(loaded, items, options)
  return {
    steps: stepReport(
      judgements.map(({ perStep }) => perStep ?? []),
      items.map(({ labels }) => labels),
    ),
  }
}

async function attributesPart(
  loaded: LoadedModel,
  records: readonly PreferenceRecord[],
  options: JudgeOptions,
): Promise<Pick<EvaluationReport, 'attributes'>> {
  const { spec } = loaded.config
  if (spec.kind !== 'points') return {}
  const overall = loaded.config.kind === 'regression'
  const targets = overall ? scoreTargets(records) : attributeTargets(records, spec.attributes)
  if (targets.length === 0) return {}
  const encoder = loaded.encoder()
  const requests = targets.map(({ prompt, response }) => encoder.item(prompt, response))
  const judgements = await judgeAll(loaded, requests, options)
  const reports = spec.attributes.flatMap((name, k) => {
    const labels = targets.map(target => target.targets[k])
    if (labels.every(label => label === null)) return []
    const scores = judgements.map(({ attributes }) => attributes?.[name] ?? 0)
    return [[name, pointReport(scores, labels)] as const]
  })
  return { attributes: Object.fromEntries(reports) }
}

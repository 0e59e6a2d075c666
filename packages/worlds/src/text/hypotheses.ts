import { Random } from '@guerdon/core'
import { type CardRow, card } from './card.ts'
import { componentRecallOf, judgeHypotheses, withChoice } from './hypotheses/judge.ts'
import {
  type Hypothesis,
  hypothesisLandscape,
  hypothesisScore,
  type Landscape,
  type LandscapeSpec,
} from './hypotheses/landscape.ts'
import { hypothesisText, hypothesisVocabulary, levelNames, optionNames, siteNames } from './hypotheses/words.ts'
import type { TextStep, TextWorld } from './text-world.ts'
import { type ActionWords, assertLevel, assertRunning, readAction, writeAction } from './turns.ts'

export * from './hypotheses/judge.ts'
export * from './hypotheses/landscape.ts'
export * from './hypotheses/optimum.ts'
export * from './hypotheses/words.ts'

/** A research question as a landscape to climb; plain JSON. */
export interface HypothesisTask {
  readonly id: string
  readonly level: number
  readonly landscape: LandscapeSpec
  /** The coarse hypothesis to start from. */
  readonly start: Hypothesis
  /** Choices of the best hypothesis that the background tells; null where it is silent. */
  readonly background: Hypothesis
  /** Standard deviation of the judge's noise. */
  readonly noise: number
}

/** Where an episode stands; plain JSON. */
export interface HypothesisState {
  readonly task: HypothesisTask
  readonly hypothesis: Hypothesis
  /** The hypothesis before the last change, which `undo` brings back. */
  readonly previous: Hypothesis | null
  /** What the judge said of the last change. */
  readonly verdict: 'better' | 'worse' | null
  readonly unchanged: boolean
  readonly turn: number
  readonly over: boolean
}

const sizes = [
  { levels: 2, sites: 2, options: 4, ruggedness: 0, noise: 0, known: 1 },
  { levels: 3, sites: 2, options: 6, ruggedness: 0.3, noise: 0, known: 0.8 },
  { levels: 4, sites: 3, options: 6, ruggedness: 0.7, noise: 0.3, known: 0.6 },
  { levels: 5, sites: 3, options: 8, ruggedness: 1, noise: 0.5, known: 0.4 },
] as const
const maximumTurns = 16

/**
 * Search for the best hypothesis: components on levels from mechanism to condition, each choice worth what it is under the
 * choice above and beside its neighbour. Actions set components, `set mechanism first c , set concept second a`, take the
 * last change back (`undo`) or `finish`; after each change a noisy judge says better or worse. The background tells a part
 * of the best hypothesis, all of it at level 0 and two fifths at level 3, where the tables are pure chance.
 *
 * The reward comes at the end: (score − start)/(best − start), 1 for the best hypothesis, which is known exactly; `correct`
 * means the best score. The expert knows it too, and sets one level a turn.
 */
export const hypothesesWorld: TextWorld<HypothesisTask, HypothesisState> & {
  actions(state: HypothesisState): readonly Int32Array[]
} = {
  name: 'hypotheses',
  about: 'Refine a coarse hypothesis, level by level, with a judge who only says better or worse.',
  vocabulary: hypothesisVocabulary,
  levels: sizes.length,
  maximumTurns,
  maximumActionLength: 16,
  maximumObservationLength: 88,
  task(level, random) {
    assertLevel(level, sizes.length)
    const { noise, known, ...shape } = sizes[level]
    const landscape = { ...shape, seed: random.integer(2 ** 31) }
    const { optimum } = landscapeOf(landscape)
    const start = optimum.map(row => row.map(() => random.integer(shape.options)))
    const background = optimum.map(row => row.map(choice => (random.bernoulli(known) ? choice : null)))
    const parts = { landscape, start, background, noise }
    return { id: `hypotheses ${level} ${JSON.stringify(parts)}`, level, ...parts }
  },
  start: task => ({
    task,
    hypothesis: task.start,
    previous: null,
    verdict: null,
    unchanged: false,
    turn: 0,
    over: false,
  }),
  observe: state => hypothesisVocabulary.encode(state.over ? '' : observedWords(state)),
  step: stepHypothesis,
  expert: state => writeAction(hypothesisVocabulary, expertWords(state)),
  actions(state) {
    const { options } = state.task.landscape
    const { optimum } = landscapeOf(state.task.landscape)
    const changes = state.hypothesis.flatMap((row, level) =>
      row.flatMap((current, site) => {
        const choices = new Set([optimum[level][site] ?? 0, ((current ?? 0) + 1) % options])
        return [...choices].filter(choice => choice !== current).map(choice => setWords({ level, site, choice }))
      }),
    )
    return [...changes, 'undo', 'finish'].map(words => writeAction(hypothesisVocabulary, words))
  },
  text: state =>
    rowsOf(state)
      .map(row => `${row.label}: ${row.text}`)
      .join('\n'),
  svg: state => card('hypotheses', rowsOf(state)),
}

interface Change {
  readonly level: number
  readonly site: number
  readonly choice: number
}
type Request = { readonly kind: 'set'; readonly changes: readonly Change[] } | { readonly kind: 'undo' | 'finish' }

const built = new WeakMap<LandscapeSpec, Landscape>()

/** The landscape of a task, drawn once for each object that describes it. */
function landscapeOf(spec: LandscapeSpec): Landscape {
  const known = built.get(spec) ?? hypothesisLandscape(spec)
  built.set(spec, known)
  return known
}

function stepHypothesis(state: HypothesisState, tokens: ArrayLike<number>): TextStep<HypothesisState> {
  assertRunning(state.over, 'hypotheses')
  const { task, hypothesis } = state
  const landscape = landscapeOf(task.landscape)
  const request = readRequest(task.landscape, readAction(hypothesisVocabulary, tokens))
  const changed = afterRequest(state, request)
  const turn = state.turn + 1
  const unchanged = request?.kind !== 'finish' && hypothesisText(changed) === hypothesisText(hypothesis)
  const judged = !unchanged && request?.kind === 'set'
  const draws = new Random(task.landscape.seed).split(`verdict ${turn} ${hypothesisText(changed)}`)
  const pick = judged ? judgeHypotheses(landscape, hypothesis, changed, { noise: task.noise, random: draws }) : 1
  const verdict = judged ? (pick === 2 ? 'better' : 'worse') : null
  const finished = request?.kind === 'finish'
  const over = finished || turn >= maximumTurns
  const [before, after] = [progressOf(task, hypothesis), progressOf(task, changed)]
  const correct = landscape.optimumScore - hypothesisScore(landscape, changed) < 1e-9
  return {
    state: {
      task,
      hypothesis: changed,
      previous: unchanged ? state.previous : hypothesis,
      verdict,
      unchanged,
      turn,
      over,
    },
    reward: over ? after : 0,
    terminated: finished,
    truncated: over && !finished,
    ...(over && { correct }),
    facts: {
      wellFormed: request !== undefined,
      changed: !unchanged && !finished,
      verdict: verdict ?? 'none',
      progress: after,
      gain: after - before,
      recall: componentRecallOf(landscape, changed),
    },
  }
}

/** (score − start)/(best − start); 1 where the start was the best already. */
function progressOf(task: HypothesisTask, hypothesis: Hypothesis): number {
  const landscape = landscapeOf(task.landscape)
  const start = hypothesisScore(landscape, task.start)
  const span = landscape.optimumScore - start
  return span < 1e-9 ? 1 : (hypothesisScore(landscape, hypothesis) - start) / span
}

function afterRequest({ hypothesis, previous }: HypothesisState, request: Request | undefined): Hypothesis {
  if (request?.kind === 'undo') return previous ?? hypothesis
  return request?.kind === 'set' ? request.changes.reduce(withChoice, hypothesis) : hypothesis
}

function readRequest(spec: LandscapeSpec, { words, complete }: ActionWords): Request | undefined {
  if (!complete) return undefined
  const text = words.join(' ')
  if (text === 'undo' || text === 'finish') return { kind: text }
  const changes = text.split(' , ').map((part): Change | undefined => {
    const [set, ...names] = part.split(' ')
    const [level, site, choice] = [levelNames, siteNames, optionNames].map((known, i) =>
      (known as readonly string[]).indexOf(names[i] ?? ''),
    )
    const fits = level < spec.levels && site < spec.sites && choice < spec.options
    return set === 'set' && names.length === 3 && fits && Math.min(level, site, choice) >= 0
      ? { level, site, choice }
      : undefined
  })
  return changes.every(change => change !== undefined) ? { kind: 'set', changes } : undefined
}

function setWords({ level, site, choice }: Change): string {
  return `set ${levelNames[level]} ${siteNames[site]} ${optionNames[choice]}`
}

/** The wrong components of the first level that has any, all at once; then `finish`. */
function expertWords({ task, hypothesis }: HypothesisState): string {
  for (const [level, row] of landscapeOf(task.landscape).optimum.entries()) {
    const wrong = row.flatMap((choice, site) =>
      choice === null || hypothesis[level][site] === choice ? [] : [setWords({ level, site, choice })],
    )
    if (wrong.length > 0) return wrong.join(' , ')
  }
  return 'finish'
}

function observedWords({ task, hypothesis, verdict, unchanged, turn }: HypothesisState): string {
  const told = turn === 0 ? ['background', hypothesisText(task.background)] : []
  const heard = verdict ?? (unchanged ? 'unchanged' : undefined)
  return [...told, ...(heard === undefined ? [] : [heard]), 'hypothesis', hypothesisText(hypothesis)].join(' ')
}

function rowsOf({ task, hypothesis, verdict, turn }: HypothesisState): CardRow[] {
  const landscape = landscapeOf(task.landscape)
  const percent = (value: number): string => `${Math.round(100 * value)} %`
  return [
    { label: 'turn', text: `${turn}` },
    { label: 'background', text: hypothesisText(task.background) },
    { label: 'hypothesis', text: hypothesisText(hypothesis), tone: 'agent' },
    {
      label: 'judge',
      text: verdict ?? 'silent',
      tone: verdict === 'better' ? 'good' : verdict === 'worse' ? 'bad' : 'plain',
    },
    {
      label: 'truth',
      text: `${percent(progressOf(task, hypothesis))} of the way, recall ${percent(componentRecallOf(landscape, hypothesis))}`,
    },
  ]
}

import { assertInteger, assertNotEmpty, GuerdonError, type Random } from '@guerdon/core'
import {
  localSearchLine,
  type Proposal,
  type RejectedProposal,
  type SearchLedger,
  type SearchLine,
  type Verdict,
} from './line-search.ts'
import { bestOfList } from './verdicts.ts'

/** A level of detail: what may be edited there. */
export interface SearchLevel {
  readonly name: string
  readonly mayEdit: string
}

/** The paper's five levels for chemistry, abstract to concrete. */
export const chemistryLevels: readonly SearchLevel[] = [
  { name: 'mechanism', mayEdit: 'the mechanism of the reaction or the functional relation' },
  { name: 'general concept', mayEdit: 'the class of component or the general concept' },
  { name: 'specific component', mayEdit: 'the specific component that stands for the concept' },
  { name: 'component parameters', mayEdit: 'the full parameters of each component' },
  { name: 'experimental conditions', mayEdit: 'the conditions under which the experiment is run' },
]

/** The language-model calls of a search. `null` stands for a call that failed after its own retries. */
export interface SearchCalls {
  /** An edit of `previous` allowed at `level`; `optima` lists what is to be recombined and is empty otherwise. */
  propose(request: {
    readonly level: SearchLevel
    readonly previous: string
    readonly rejected: readonly RejectedProposal[]
    readonly optima: readonly string[]
  }): Promise<Proposal | null>
  refine?(request: {
    readonly level: SearchLevel
    readonly proposal: Proposal
    readonly previous: string
  }): Promise<Proposal | null>
  judge(request: {
    readonly level: SearchLevel
    readonly first: string
    readonly second: string
  }): Promise<Verdict | null>
}

/** Size of a search. Defaults are the paper's where it states them, else the command line's of the released code. */
export interface SearchOptions {
  readonly levels?: readonly SearchLevel[]
  /** Independent lines a level. Default 3. */
  readonly lines?: number
  /** Default 3. */
  readonly patience?: number
  /** Bound on accepted edits a line. Default 60. */
  readonly maxSteps?: number
  /** Tries to recombine the local optima. Default 5. */
  readonly recombinationTries?: number
  /** Branches kept from level to level. Default 1. */
  readonly beam?: number
  /**
   * Who enters the next level: each node's own result (`results`), or the best of all results and best local optima
   * (`compete`). Default `results`.
   */
  readonly beamMode?: 'results' | 'compete'
  /** Comparisons in each order when optima are ranked. Default 5. */
  readonly comparisonsPerOrder?: number
  readonly learnFromRejections?: boolean
  /** Shuffles the candidates under `beamMode: 'compete'`. */
  readonly random?: Random
  readonly signal?: AbortSignal
  /** `released`: the first comparison from the third level on is with the first level's result, not the parent's. */
  readonly compat?: 'released'
}

/** One searched point of the tree. */
export interface SearchNode {
  readonly level: number
  readonly base: string
  readonly parent: SearchNode | undefined
  readonly lines: readonly SearchLine[]
  /** Best of the lines' ends; undefined when no line accepted anything. */
  readonly bestLocalOptimum: string | undefined
  /** Line of the recombination that succeeded. */
  readonly recombination: SearchLine | undefined
  /** What the level hands on: the recombined text, the best local optimum, or the base. */
  readonly result: string
}

/** A pair a judge decided on the way, usable to train a reward model. */
export interface SearchPreference {
  readonly chosen: string
  readonly rejected: string
  readonly level: number
}

/** Outcome of a search. */
export interface HierarchicalSearch {
  /** [levels][beam] */
  readonly nodes: readonly (readonly SearchNode[])[]
  /** [beam] results of the last level. */
  readonly results: readonly string[]
  readonly ledger: Readonly<SearchLedger>
  readonly preferences: readonly SearchPreference[]
}

/**
 * Hierarchical heuristic search: each level, abstract to concrete, is climbed to several local optima, these are recombined,
 * and the result seeds the next level. Coarse texts are compared by the level's own criteria, which smooths the landscape.
 * One level and one line is greedy search, one level and several lines self-consistency.
 *
 * Yang et al., "MOOSE-Chem2", arXiv 2505.19209, section 3.
 *
 * @throws invalid_input for an empty coarse hypothesis
 */
export async function hierarchicalSearch(
  coarse: string,
  calls: SearchCalls,
  options: SearchOptions = {},
): Promise<HierarchicalSearch> {
  const { levels = chemistryLevels, lines = 3, beam = 1, beamMode = 'results' } = options
  if (coarse.trim() === '') throw new GuerdonError('invalid_input', 'expected a coarse hypothesis; got an empty text')
  assertNotEmpty(levels, 'levels')
  assertInteger(lines, 'lines', 1)
  assertInteger(beam, 'beam', 1)
  const ledger: SearchLedger = { proposals: 0, refinements: 0, judgeCalls: 0 }
  const nodes: SearchNode[][] = []
  for (let level = 0; level < levels.length; level++) {
    const parents = nodes[level - 1]
    const bases = parents
      ? await enterLevel(parents, levels[level], { beam, beamMode })
      : Array.from({ length: beam }, () => ({ base: coarse, parent: undefined }))
    nodes.push([])
    for (const { base, parent } of bases) nodes[level].push(await searchLevel(level, base, parent))
  }
  return {
    nodes,
    results: nodes[nodes.length - 1].map(node => node.result),
    ledger,
    preferences: nodes.flat().flatMap(preferencesOf),
  }

  async function searchLevel(index: number, base: string, parent: SearchNode | undefined): Promise<SearchNode> {
    const level = levels[index]
    const firstComparison = options.compat === 'released' && index >= 2 ? rootOf(parent).result : base
    const found: SearchLine[] = []
    for (let i = 0; i < lines; i++) found.push(await climb(level, base, [], firstComparison))
    const optima = found.filter(line => line.accepted.length > 0).map(line => line.final)
    const common = { level: index, base, parent, lines: found }
    if (optima.length === 0) return { ...common, bestLocalOptimum: undefined, recombination: undefined, result: base }
    const best = optima[await rank(level, optima)]
    if (lines === 1) return { ...common, bestLocalOptimum: best, recombination: undefined, result: best }
    for (let attempt = 0; attempt < (options.recombinationTries ?? 5); attempt++) {
      const recombination = await climb(level, best, optima, best)
      if (recombination.accepted.length === 0) continue
      return { ...common, bestLocalOptimum: best, recombination, result: recombination.final }
    }
    return { ...common, bestLocalOptimum: best, recombination: undefined, result: best }
  }

  async function climb(
    level: SearchLevel,
    base: string,
    optima: readonly string[],
    firstComparison: string,
  ): Promise<SearchLine> {
    const { refine } = calls
    const line = await localSearchLine(
      base,
      {
        propose: (previous, rejected) => calls.propose({ level, previous, rejected, optima }),
        ...(refine && { refine: (proposal, previous) => refine({ level, proposal, previous }) }),
        judge: (first, second) => calls.judge({ level, first, second }),
      },
      { ...options, firstComparison },
    )
    ledger.proposals += line.ledger.proposals
    ledger.refinements += line.ledger.refinements
    ledger.judgeCalls += line.ledger.judgeCalls
    return line
  }

  async function rank(level: SearchLevel, texts: readonly string[]): Promise<number> {
    const compare = async (first: number, second: number) =>
      (await calls.judge({ level, first: texts[first], second: texts[second] }))?.pick ?? 1
    const { bestIndex, judgeCalls } = await bestOfList(texts.length, compare, {
      comparisonsPerOrder: options.comparisonsPerOrder ?? 5,
    })
    ledger.judgeCalls += judgeCalls
    return bestIndex
  }

  async function enterLevel(
    parents: readonly SearchNode[],
    level: SearchLevel,
    given: { beam: number; beamMode: 'results' | 'compete' },
  ): Promise<{ base: string; parent: SearchNode }[]> {
    if (given.beamMode === 'results') return parents.map(parent => ({ base: parent.result, parent }))
    const candidates = parents.flatMap(parent => {
      const texts = new Set([parent.result, parent.bestLocalOptimum ?? parent.result])
      return [...texts].map(base => ({ base, parent }))
    })
    if (!options.random) {
      throw new GuerdonError('invalid_option', "expected a random generator with beamMode 'compete'; got none", {
        path: ['random'],
      })
    }
    const remaining = options.random.shuffle(candidates)
    const chosen: { base: string; parent: SearchNode }[] = []
    while (chosen.length < given.beam && remaining.length > 0) {
      const index = await rank(
        level,
        remaining.map(candidate => candidate.base),
      )
      chosen.push(...remaining.splice(index, 1))
    }
    return chosen
  }
}

function rootOf(node: SearchNode | undefined): SearchNode {
  let root = node as SearchNode
  while (root.parent) root = root.parent
  return root
}

function preferencesOf(node: SearchNode): SearchPreference[] {
  const lines = node.recombination ? [...node.lines, node.recombination] : node.lines
  return lines.flatMap(line =>
    line.accepted.flatMap(({ text, previous, rejected }) => [
      { chosen: text, rejected: previous, level: node.level },
      ...rejected
        .filter(lost => lost.text !== '')
        .map(lost => ({ chosen: previous, rejected: lost.text, level: node.level })),
    ]),
  )
}

import { type CardRow, card } from './card.ts'
import {
  documentWords,
  drawLibrary,
  entities,
  followedChain,
  type LibraryShape,
  possibleAnswers,
  relations,
  type SearchTask,
  searchDocuments,
  searchQuestionWords,
  truthAbout,
} from './search-answer/library.ts'
import type { TextWorld } from './text-world.ts'
import { assertLevel, assertRunning, readAction, writeAction } from './turns.ts'
import { vocabularyOf } from './vocabulary.ts'

export type { LibraryDocument, SearchTask } from './search-answer/library.ts'

const levels: readonly LibraryShape[] = [
  { hops: 1, things: 4, rumours: 0 },
  { hops: 2, things: 4, rumours: 0 },
  { hops: 3, things: 6, rumours: 0 },
  { hops: 3, things: 8, rumours: 2 },
  { hops: 5, things: 8, rumours: 3 },
]

/** Where an episode stands. */
export interface SearchState {
  readonly task: SearchTask
  /** Numbers of the documents seen, ascending: equal knowledge is an equal state. */
  readonly seen: readonly number[]
  /** What came of the last action, in words; empty at the start. */
  readonly heard: string
  readonly answer: string | null
  readonly turn: number
  readonly over: boolean
}

/** Search and answer, with what an ideal reader makes of the evidence. */
export interface SearchAnswerWorld extends TextWorld<SearchTask, SearchState> {
  goldAnswer(task: SearchTask): Int32Array
  actions(state: SearchState): readonly Int32Array[]
  /** The answers that the evidence seen so far leaves possible. */
  possibleAnswers(state: SearchState): ReadonlySet<string>
}

const maximumTurns = 12
const longestQuery = 3
const names: readonly string[] = [...entities.person, ...entities.town, ...entities.river]
const searchable: readonly string[] = [...names, ...Object.keys(relations)]
const vocabulary = vocabularyOf([
  'search',
  'answer',
  'of',
  '?',
  ';',
  'found',
  'nothing',
  'unclear',
  'rumour',
  ...searchable,
])

/**
 * Questions over several hops, `river of home of teacher of mira ?`, and a library to search. `search` and up to three
 * words gives the two documents with most of them: evidence, documents about others that share the words, and at the upper
 * levels rumours, which are false and say so. `answer` and a name ends the episode.
 *
 * Reward: 1 for the right answer, 0 else. Facts of a turn: `type` (search, answer, malformed); `wellFormed`; `found`
 * (documents returned); `fresh` (of them, seen for the first time); `evidence` (documents of the chain seen for the first
 * time); `hops` (share of the chain that the documents seen lead along without a gap); `candidates` (answers still
 * possible for an ideal reader), `informationGain` (log₂ of how many times fewer they have become, in bits); `answered`;
 * `supported` (answered, and only this answer was possible).
 */
export const searchAnswerWorld: SearchAnswerWorld = {
  name: 'search-answer',
  about: 'Search a library for a chain of facts and answer a question about its end.',
  vocabulary,
  levels: levels.length,
  maximumTurns,
  maximumActionLength: longestQuery + 2,
  maximumObservationLength: 12,

  task(level, random) {
    assertLevel(level, levels.length)
    return drawLibrary(level, levels[level], random)
  },

  start: task => ({ task, seen: [], heard: '', answer: null, turn: 0, over: false }),

  observe: state => vocabulary.encode(state.heard || searchQuestionWords(state.task)),

  step(state, action) {
    assertRunning(state.over, 'search-answer')
    const { words, complete } = readAction(vocabulary, action)
    const { task } = state
    const [type, query] = complete ? readSearch(words) : (['malformed', []] as const)
    const found = type === 'search' ? searchDocuments(task.documents, query) : []
    const fresh = found.filter(number => !state.seen.includes(number))
    const seen = [...state.seen, ...fresh].sort((a, b) => a - b)
    const answer = type === 'answer' ? query[0] : null
    const terminated = answer !== null
    const turn = state.turn + 1
    const truncated = !terminated && turn >= maximumTurns
    const over = terminated || truncated
    const correct = answer === task.answer
    const before = possibleAnswers(task, state.seen).size
    const possible = possibleAnswers(task, seen)
    const gold = goldDocuments(task)
    return {
      state: { task, seen, heard: heardOf(task, type, found), answer, turn, over },
      reward: correct ? 1 : 0,
      terminated,
      truncated,
      ...(over && { correct }),
      facts: {
        type,
        wellFormed: type !== 'malformed',
        found: found.length,
        fresh: fresh.length,
        evidence: fresh.filter(number => gold.has(number)).length,
        hops: (followedChain(task, seen).length - 1) / task.relations.length,
        candidates: possible.size,
        informationGain: Math.log2(before / possible.size),
        answered: terminated,
        supported: answer !== null && possible.size === 1 && possible.has(answer),
      },
    }
  },

  expert({ task, seen }) {
    const chain = followedChain(task, seen)
    const last = chain[chain.length - 1]
    const done = chain.length > task.relations.length
    return writeAction(vocabulary, done ? `answer ${last}` : `search ${last} ${task.relations[chain.length - 1]}`)
  },

  actions(state) {
    if (state.over) return []
    const { task, seen } = state
    const chain = followedChain(task, seen)
    const last = chain[chain.length - 1]
    const kind = relations[task.relations[task.relations.length - 1]].to
    const present = names.filter(name =>
      task.documents.some(({ subject, object }) => subject === name || object === name),
    )
    const other = present.find(name => !chain.includes(name) && entities.person.some(person => person === name))
    const searches = [
      ...task.relations.slice(chain.length - 1, chain.length).map(relation => `search ${last} ${relation}`),
      `search ${last}`,
      `search ${task.start} ${task.relations[task.relations.length - 1]}`,
      ...(other ? [`search ${other} ${task.relations[0]}`] : []),
    ]
    const answers = present.filter(name => entities[kind].some(one => one === name)).map(name => `answer ${name}`)
    return [...new Set([...searches, ...answers])].map(action => writeAction(vocabulary, action))
  },

  goldAnswer: task => writeAction(vocabulary, `answer ${task.answer}`),

  possibleAnswers: state => possibleAnswers(state.task, state.seen),

  text: state =>
    rowsOf(state)
      .map(({ label, text }) => `${label}: ${text}`)
      .join('\n'),
  svg: state => card('search-answer', rowsOf(state)),
}

/** Numbers of the documents that the chain of the answer is made of. */
function goldDocuments(task: SearchTask): ReadonlySet<number> {
  const gold = new Set<number>()
  let thing = task.start
  for (const relation of task.relations) {
    const number = truthAbout(task.documents, thing, relation)
    gold.add(number)
    thing = task.documents[number].object
  }
  return gold
}

function readSearch(words: readonly string[]): readonly ['search' | 'answer' | 'malformed', readonly string[]] {
  const [verb, ...rest] = words
  if (verb === 'answer' && rest.length === 1 && names.includes(rest[0])) return [verb, rest]
  const fits = rest.length > 0 && rest.length <= longestQuery && rest.every(word => searchable.includes(word))
  return verb === 'search' && fits ? [verb, [...new Set(rest)]] : ['malformed', []]
}

function heardOf(task: SearchTask, type: string, found: readonly number[]): string {
  if (type !== 'search') return type === 'answer' ? 'found nothing' : 'unclear'
  return `found ${found.map(number => documentWords(task.documents[number])).join(' ; ') || 'nothing'}`
}

function rowsOf(state: SearchState): readonly CardRow[] {
  const { task, seen, answer } = state
  const gold = goldDocuments(task)
  const tone = answer === null ? 'plain' : answer === task.answer ? 'good' : 'bad'
  return [
    { label: 'question', text: searchQuestionWords(task), tone: 'agent' },
    ...seen.map(
      (number): CardRow => ({
        label: 'seen',
        text: documentWords(task.documents[number]),
        tone: gold.has(number) ? 'good' : task.documents[number].rumour ? 'bad' : 'plain',
      }),
    ),
    { label: 'possible', text: [...possibleAnswers(task, seen)].sort().join(' ') },
    { label: 'answer', text: answer ?? (state.over ? 'none' : 'not yet'), tone },
  ]
}

import { type CardRow, card } from './card.ts'
import type { TextWorld } from './text-world.ts'
import { bestMatch, callKey, callWords, mostCalls, readCalls, type ToolCall, toolParameters } from './tool-use/calls.ts'
import {
  answerOf,
  attributes,
  drawTask,
  names,
  type OfficeShape,
  operators,
  questionWords,
  roles,
  runTool,
  type ToolTask,
  wantedCalls,
} from './tool-use/office.ts'
import { assertLevel, assertRunning, digits, numberWords, readAction, writeAction } from './turns.ts'
import { vocabularyOf } from './vocabulary.ts'

export type { CallMatch, ToolCall } from './tool-use/calls.ts'
export type { Person, Question, Term, ToolTask } from './tool-use/office.ts'

const levels: readonly OfficeShape[] = [
  { people: 4, largest: 9, personTerms: 1, numberTerms: 0, byRole: false, friends: 0, busy: 0 },
  { people: 4, largest: 9, personTerms: 1, numberTerms: 1, byRole: false, friends: 0, busy: 0 },
  { people: 6, largest: 20, personTerms: 2, numberTerms: 0, byRole: true, friends: 0, busy: 0 },
  { people: 8, largest: 20, personTerms: 2, numberTerms: 1, byRole: true, friends: 1, busy: 0 },
  { people: 8, largest: 99, personTerms: 3, numberTerms: 0, byRole: true, friends: 2, busy: 1 },
]

/** Where an episode stands. */
export interface ToolState {
  readonly task: ToolTask
  /** Keys of the calls that were answered, sorted: equal knowledge is an equal state. */
  readonly answered: readonly string[]
  /** Searches made so far, answered or not. */
  readonly searches: number
  /** What came of the last action, in words; empty at the start. */
  readonly heard: string
  readonly answer: string | null
  readonly turn: number
  readonly over: boolean
}

/** The world of tools, with its calls as data. */
export interface ToolUseWorld extends TextWorld<ToolTask, ToolState> {
  goldAnswer(task: ToolTask): Int32Array
  actions(state: ToolState): readonly Int32Array[]
  /** The calls an action makes; undefined when it cannot be read. */
  calls(action: ArrayLike<number>): readonly ToolCall[] | undefined
  /** The calls that are needed, not yet answered, and can be made with what is known; else the answer. */
  goldCalls(state: ToolState): readonly ToolCall[]
}

const maximumTurns = 16
const errors = ['format', 'tool', 'parameter', 'value', 'busy'] as const
const parameterNames = [...new Set(Object.values(toolParameters).flat())]
const vocabulary = vocabularyOf([
  ...digits,
  ...operators,
  ...['{', '}', ':', ',', ';', '?', 'of', 'friend', 'answer', 'result', 'error'],
  ...Object.keys(toolParameters),
  ...parameterNames,
  ...attributes,
  ...errors,
  ...roles,
  ...names,
])

/**
 * Questions about people in an office that take several tools: `search` finds who has a role, `lookup` reads the table,
 * `calculator` computes. An action is one call, two calls at once, or the answer, written like JSON:
 * `{ lookup : { who : mira , what : age } }`. Results come back as `result 7`, mistakes as `error parameter`. At the top
 * level the first search finds the tool busy and has to be made again.
 *
 * Reward: 1 for the right answer, 0 else. Facts of a turn: `wellFormed`; `calls`; `error` (the first, or `none`);
 * `nameMatch`, `parameterNameMatch`, `parameterValueMatch` (agreement with the calls an expert could make now, in [0, 1],
 * the mean over the calls); `useful` (calls that answered something needed); `redundant` (calls that had been answered
 * before); `answered`.
 */
export const toolUseWorld: ToolUseWorld = {
  name: 'tool-use',
  about: 'Answer a question with a search, a look-up table and a calculator.',
  vocabulary,
  levels: levels.length,
  maximumTurns,
  // Two calls of the calculator with numbers of four digits.
  maximumActionLength: 23 * mostCalls + 1,
  maximumObservationLength: 24,

  task(level, random) {
    assertLevel(level, levels.length)
    return drawTask(level, levels[level], random)
  },

  start: task => ({ task, answered: [], searches: 0, heard: '', answer: null, turn: 0, over: false }),

  observe: state => vocabulary.encode(state.heard || questionWords(state.task.question)),

  step(state, action) {
    assertRunning(state.over, 'tool-use')
    const { words, complete } = readAction(vocabulary, action)
    const calls = (complete && readCalls(words)) || undefined
    const wanted = wantedCalls(state.task, new Set(state.answered))
    const answer = calls?.[0].name === 'answer' ? calls[0].parameters['value'] : undefined
    const made = answer === undefined ? makeCalls(state, calls) : { ...nothingMade, searches: state.searches }
    const turn = state.turn + 1
    const terminated = answer !== undefined
    const truncated = !terminated && turn >= maximumTurns
    const over = terminated || truncated
    const correct = answer !== undefined && answer === answerOf(state.task)
    const before = new Set(state.answered)
    const wantedKeys = new Set(wanted.map(callKey))
    return {
      state: {
        task: state.task,
        answered: [...new Set([...state.answered, ...made.answered])].sort(),
        searches: made.searches,
        heard: made.heard.join(' ; '),
        answer: answer ?? null,
        turn,
        over,
      },
      reward: correct ? 1 : 0,
      terminated,
      truncated,
      ...(over && { correct }),
      facts: {
        wellFormed: calls !== undefined,
        calls: answer === undefined ? (calls?.length ?? 0) : 0,
        error: made.errors[0] ?? 'none',
        ...meanMatch(calls ?? [], wanted),
        useful: new Set(made.answered.filter(key => wantedKeys.has(key))).size,
        redundant: made.answered.filter((key, i) => before.has(key) || made.answered.indexOf(key) < i).length,
        answered: terminated,
      },
    }
  },

  expert(state) {
    const wanted = wantedCalls(state.task, new Set(state.answered))
    return writeAction(vocabulary, callWords(wanted[0]))
  },

  actions(state) {
    if (state.over) return []
    const wanted = wantedCalls(state.task, new Set(state.answered))
    const known = wanted[0].name === 'answer'
    const right = Number(answerOf(state.task))
    const idle = state.task.people.find(({ name }) => !state.answered.some(key => key.includes(name)))
    const others: readonly ToolCall[] = [
      ...(idle ? [{ name: 'lookup', parameters: { who: idle.name, what: 'badge' } }] : []),
      { name: 'lookup', parameters: { who: state.task.people[0].name, what: 'friend' } },
      { name: 'search', parameters: { role: state.task.people[0].role } },
      { name: 'lookup', parameters: { who: state.task.people[0].name } },
      { name: 'answer', parameters: { value: String(right === 0 ? 1 : right - 1) } },
    ]
    const single = [...wanted, ...others].map(call => callWords(call))
    const both = !known && wanted.length > 1 ? [callWords(...wanted.slice(0, mostCalls))] : []
    return [...new Set([...single, ...both])].map(action => writeAction(vocabulary, action))
  },

  goldAnswer: task =>
    writeAction(vocabulary, callWords({ name: 'answer', parameters: { value: String(answerOf(task)) } })),

  calls(action) {
    const { words, complete } = readAction(vocabulary, action)
    return complete ? readCalls(words) : undefined
  },

  goldCalls: state => wantedCalls(state.task, new Set(state.answered)),

  text: state =>
    rowsOf(state)
      .map(({ label, text }) => `${label}: ${text}`)
      .join('\n'),
  svg: state => card('tool-use', rowsOf(state)),
}

interface Made {
  readonly answered: readonly string[]
  readonly errors: readonly string[]
  readonly heard: readonly string[]
  readonly searches: number
}

const nothingMade = { answered: [], errors: [], heard: [] } as const

function makeCalls(state: ToolState, calls: readonly ToolCall[] | undefined): Made {
  if (!calls) return { answered: [], errors: ['format'], heard: ['error format'], searches: state.searches }
  const answered: string[] = []
  const failed: string[] = []
  const heard: string[] = []
  let { searches } = state
  for (const call of calls) {
    const result = runTool(state.task.people, call)
    const busy = call.name === 'search' && 'value' in result && searches++ < state.task.busy
    if (busy || 'error' in result) {
      const error = 'error' in result ? result.error : 'busy'
      failed.push(error)
      heard.push(`error ${error}`)
    } else {
      answered.push(callKey(call))
      heard.push(`result ${/^\d+$/.test(result.value) ? numberWords(Number(result.value)) : result.value}`)
    }
  }
  return { answered, errors: failed, heard, searches }
}

function meanMatch(calls: readonly ToolCall[], wanted: readonly ToolCall[]) {
  const matches = calls.map(call => bestMatch(call, wanted))
  const mean = (part: 'name' | 'parameterNames' | 'parameterValues'): number =>
    matches.length === 0 ? 0 : matches.reduce((sum, match) => sum + match[part], 0) / matches.length
  return {
    nameMatch: mean('name'),
    parameterNameMatch: mean('parameterNames'),
    parameterValueMatch: mean('parameterValues'),
  }
}

function rowsOf(state: ToolState): readonly CardRow[] {
  const right = answerOf(state.task)
  const tone = state.answer === null ? 'plain' : state.answer === right ? 'good' : 'bad'
  return [
    { label: 'question', text: questionWords(state.task.question), tone: 'agent' },
    ...state.answered.map((text, i) => ({ label: `call ${i + 1}`, text })),
    { label: 'heard', text: state.heard || 'nothing yet', tone: state.heard.includes('error') ? 'bad' : 'plain' },
    { label: 'answer', text: state.answer ?? (state.over ? 'none' : 'not yet'), tone },
  ]
}

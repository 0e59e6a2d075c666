import type { Random } from '@guerdon/core'
import { type Operator, resultOf } from '../arithmetic/expression.ts'
import { largestNumber } from '../turns.ts'
import { callKey, type ToolCall, toolParameters } from './calls.ts'

export const names = ['mira', 'jon', 'sol', 'ada', 'ravi', 'lena', 'otto', 'yuki'] as const
export const roles = ['baker', 'pilot', 'nurse', 'judge', 'smith', 'tutor', 'guard', 'clerk'] as const
export const attributes = ['age', 'floor', 'badge'] as const
export const operators: readonly Operator[] = ['+', '-', '*']

/** A row of the table. */
export interface Person {
  readonly name: string
  readonly role: string
  readonly friend: string
  readonly age: number
  readonly floor: number
  readonly badge: number
}

/** A number, or an attribute of a person: `age of friend of baker` begins at the baker and goes on to a friend. */
export type Term =
  | { readonly value: number }
  | { readonly attribute: (typeof attributes)[number]; readonly friends: number; readonly of: string }

/** What is asked: terms joined from left to right by operators. */
export interface Question {
  readonly terms: readonly Term[]
  readonly operators: readonly Operator[]
}

/** An office and a question about it. */
export interface ToolTask {
  readonly id: string
  readonly level: number
  readonly question: Question
  /** The table. The policy sees of it what it asks for. */
  readonly people: readonly Person[]
  /** How many searches find the search busy before it answers. */
  readonly busy: number
}

/** A question in words. */
export function questionWords({ terms, operators }: Question): string {
  const words = terms.map(term => {
    if ('value' in term) return String(term.value).split('').join(' ')
    return `${term.attribute} of ${'friend of '.repeat(term.friends)}${term.of}`
  })
  return `${words.map((word, i) => (i === 0 ? word : `${operators[i - 1]} ${word}`)).join(' ')} ?`
}

/** What the tools answer: a number or a name, or which error. The calculator needs no table. */
export function runTool(
  people: readonly Person[],
  call: ToolCall,
): { readonly value: string } | { readonly error: 'tool' | 'parameter' | 'value' } {
  const expected = Object.hasOwn(toolParameters, call.name) ? toolParameters[call.name] : undefined
  if (!expected) return { error: 'tool' }
  const { parameters } = call
  if (Object.keys(parameters).length !== expected.length || !expected.every(name => name in parameters)) {
    return { error: 'parameter' }
  }
  const value = valueOfCall(people, call)
  return value === undefined ? { error: 'value' } : { value }
}

function valueOfCall(people: readonly Person[], { name, parameters }: ToolCall): string | undefined {
  if (name === 'search') return people.find(({ role }) => role === parameters['role'])?.name
  if (name === 'lookup') {
    const row = people.find(person => person.name === parameters['who'])
    const what = ['friend', ...attributes].find(attribute => attribute === parameters['what'])
    return row && what ? String(row[what as keyof Person]) : undefined
  }
  const operator = operators.find(sign => sign === parameters['operator'])
  const [left, right] = [parameters['left'], parameters['right']]
  if (!operator || !/^\d+$/.test(left) || !/^\d+$/.test(right)) return undefined
  const result = resultOf({ operator, left: Number(left), right: Number(right) })
  return result < 0 || result > largestNumber ? undefined : String(result)
}

/**
 * What an expert asks for next: every needed call whose inputs are known, given the calls that were answered. Without any
 * left, the answer as it is known.
 */
export function wantedCalls(
  task: Pick<ToolTask, 'question' | 'people'>,
  answered: ReadonlySet<string>,
): readonly ToolCall[] {
  const wanted: ToolCall[] = []
  const know = (name: string, parameters: Readonly<Record<string, string>>): string | undefined => {
    const call = { name, parameters }
    if (answered.has(callKey(call))) return valueOfCall(task.people, call)
    wanted.push(call)
    return undefined
  }
  const values = task.question.terms.map(term => {
    if ('value' in term) return String(term.value)
    let who: string | undefined = names.some(name => name === term.of) ? term.of : know('search', { role: term.of })
    for (let i = 0; i < term.friends && who !== undefined; i++) who = know('lookup', { who, what: 'friend' })
    return who === undefined ? undefined : know('lookup', { who, what: term.attribute })
  })
  let total = values[0]
  for (let i = 1; i < values.length; i++) {
    const right = values[i]
    if (total === undefined || right === undefined) return distinct(wanted)
    total = know('calculator', { left: total, operator: task.question.operators[i - 1], right })
  }
  return total === undefined ? distinct(wanted) : [{ name: 'answer', parameters: { value: total } }]
}

function distinct(calls: readonly ToolCall[]): readonly ToolCall[] {
  return [...new Map(calls.map(call => [callKey(call), call])).values()]
}

/** The right answer; undefined when the numbers leave 0 … 9999 on the way. */
export function answerOf(task: Pick<ToolTask, 'question' | 'people'>): string | undefined {
  const answered = new Set<string>()
  for (;;) {
    const wanted = wantedCalls(task, answered)
    if (wanted[0].name === 'answer') return wanted[0].parameters['value']
    if (wanted.some(call => valueOfCall(task.people, call) === undefined)) return undefined
    for (const call of wanted) answered.add(callKey(call))
  }
}

/** How the questions of a level look. */
export interface OfficeShape {
  readonly people: number
  readonly largest: number
  /** Terms about people; the rest are numbers. */
  readonly personTerms: number
  readonly numberTerms: number
  /** Whether people are called by their role, which has to be searched for. */
  readonly byRole: boolean
  readonly friends: number
  readonly busy: number
}

/** Draws an office and a question with an answer. */
export function drawTask(level: number, shape: OfficeShape, random: Random): ToolTask {
  const present = random.shuffle([...names]).slice(0, shape.people)
  const held = random.shuffle([...roles])
  const people = present.map((name, i) => ({
    name,
    role: held[i],
    friend: present[(i + 1 + random.integer(present.length - 1)) % present.length],
    age: 1 + random.integer(shape.largest),
    floor: 1 + random.integer(shape.largest),
    badge: 1 + random.integer(shape.largest),
  }))
  for (;;) {
    const question = drawQuestion(people, shape, random)
    if (answerOf({ question, people }) === undefined) continue
    const table = people.map(person => Object.values(person).join(' ')).join(', ')
    const { busy } = shape
    return { id: `${questionWords(question)} (${table})`, level, question, people, busy }
  }
}

function drawQuestion(people: readonly Person[], shape: OfficeShape, random: Random): Question {
  const terms: Term[] = []
  for (let i = 0; i < shape.personTerms; i++) {
    const person = random.choice(people)
    const of = shape.byRole && (i === 0 || random.bernoulli(0.5)) ? person.role : person.name
    terms.push({ attribute: random.choice(attributes), friends: random.integer(shape.friends + 1), of })
  }
  for (let i = 0; i < shape.numberTerms; i++) terms.push({ value: 1 + random.integer(9) })
  return { terms, operators: terms.slice(1).map(() => random.choice(operators)) }
}

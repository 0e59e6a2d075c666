import { extractJson } from '../../shared/json-text.ts'
import type { JudgeMessage } from '../../shared/judge-message.ts'

/** A solution as a judge sees it. */
export interface JudgedSolution {
  readonly question: string
  /** [N] think steps in order; the judge counts them from 0. */
  readonly steps: readonly string[]
  readonly answer: string
}

/**
 * Messages for a *correct* solution. The premise: its answer is right, so every mistake was put right by a later reflection. The
 * judge does not solve the problem; it finds reflections by meaning, traces each back to the steps it takes back, and checks
 * only those, a step that builds on a wrong one being wrong too. Read the reply with `parseErrorIntervals`.
 */
export function reflectionMessages(solution: JudgedSolution): JudgeMessage[] {
  const system = [
    'The answer of this solution is correct. Do not solve the problem again: any wrong step must have been taken back later by the solution itself.',
    '1. Find every place where it corrects itself or drops an idea, whatever words it uses.',
    '2. From what is said there, trace back the stretch of steps it takes back.',
    '3. Inside each stretch go step by step: a step is wrong when it is mistaken, or depends on a step that is wrong. Narrow the stretch to the wrong steps.',
    'Do not flag steps that merely try something, check, or repeat.',
    'End with one line of JSON: a list of [first, last] step numbers, both included, for example [[2, 4], [7, 7]]; [] when nothing was taken back.',
  ].join('\n')
  return messages(system, solution)
}

/**
 * Messages for an *incorrect* solution: every step of its answer is taken for wrong, so the judge only says which think steps the
 * answer adopted. Steps that were not adopted are exploration. Read the reply with `parseAdoptedSteps`.
 */
export function adoptionMessages(solution: JudgedSolution): JudgeMessage[] {
  const system = [
    'The answer of this solution is wrong. Do not solve the problem and do not look for the mistake.',
    'For every think step say whether its content was adopted in the final answer: the same claim, formula, value or decision, in whatever words.',
    'End with one line of JSON: the list of adopted step numbers, for example [0, 3, 4]; [] when none was.',
  ].join('\n')
  return messages(system, solution)
}

function messages(system: string, { question, steps, answer }: JudgedSolution): JudgeMessage[] {
  const numbered = steps.map((step, k) => `<step ${k}> ${step}`).join('\n')
  return [
    { role: 'system', content: system },
    { role: 'user', content: `Question:\n${question}\n\nThink steps:\n${numbered}\n\nFinal answer:\n${answer}` },
  ]
}

/**
 * Half-open error intervals from a judge's last line that is a list, `[first, last]` both included becoming [first, last + 1).
 *
 * @returns undefined when the reply has no such line or it holds anything but pairs of whole numbers: the solution stays
 * unlabelled, which is not the same as free of errors
 */
export function parseErrorIntervals(reply: string): [start: number, end: number][] | undefined {
  const list = lastList(reply)
  if (!list?.every(isStretch)) return undefined
  return list.map(([first, last]) => [first, last + 1])
}

/** Adopted steps from a judge's last line that is a list; undefined when it is not a list of whole numbers. */
export function parseAdoptedSteps(reply: string): number[] | undefined {
  const list = lastList(reply)
  return list?.every(isWhole) ? [...list] : undefined
}

function lastList(reply: string): readonly unknown[] | undefined {
  const line = reply
    .split('\n')
    .filter(text => text.includes('['))
    .at(-1)
  const found = line === undefined ? undefined : extractJson(line.slice(line.indexOf('[')), { opening: 'list' })
  return found?.ok ? (found.value as readonly unknown[]) : undefined
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value)
}

function isStretch(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isWhole) && value[0] <= value[1]
}

import { assertSameLength } from '@guerdon/core'
import { type Literal, type LiteralKey, parseLiteral } from './literal.ts'

/** How strictly an annotation is read. */
export interface AnnotationOptions {
  /** Only a dictionary inside a code fence counts: from the last `{` to the last `}` after the fence. Default false. */
  readonly strict?: boolean
  /** `released`: only Python literals, not JSON's true, false and null. Default null. */
  readonly compat?: 'released' | null
}

/** What a model said about a transition or a trajectory. */
export interface Annotation {
  /** The dictionary as it stands; undefined when there is none that can be read. */
  readonly dictionary: ReadonlyMap<LiteralKey, Literal> | undefined
  /** Subgoal at each time it was achieved; a later entry with the same time wins. */
  readonly achievedAt: ReadonlyMap<number, string>
  /** Some time is not 0. In the format of one transition values are booleans, so True is time 1. */
  readonly detected: boolean
  /** Names whose value says achieved: true, a time other than 0, or a list with one. */
  readonly achieved: ReadonlySet<string>
}

/**
 * Reads a model's dictionary of subgoals and times: from the first `{` to the last `}`, as a literal that is parsed and never
 * evaluated. Values: integer → time, float → truncated, boolean → 0 or 1, list → several, None → skipped; a text value means
 * that key and value were exchanged. Anything unreadable is no annotation. CALM, arXiv 2409.12798.
 */
export function parseAnnotation(answer: string, options: AnnotationOptions = {}): Annotation {
  const text = options.strict ? fencedDictionary(answer) : between(answer, answer.indexOf('{'))
  const parsed = text === undefined ? undefined : parseLiteral(text, { json: options.compat !== 'released' })
  const value = parsed?.ok ? parsed.value : undefined
  const dictionary = value instanceof Map ? (value as ReadonlyMap<LiteralKey, Literal>) : undefined
  const achievedAt = new Map<number, string>()
  const achieved = new Set<string>()
  for (const [key, entry] of dictionary ?? []) {
    for (const [time, name] of timesOf(key, entry)) {
      achievedAt.set(time, name)
      if (time !== 0) achieved.add(name)
    }
  }
  return { dictionary, achievedAt, detected: [...achievedAt.keys()].some(time => time !== 0), achieved }
}

function timesOf(key: LiteralKey, value: Literal): [number, string][] {
  if (typeof value === 'string') {
    const time = toTime(key)
    return time === undefined ? [] : [[time, value]]
  }
  const entries = Array.isArray(value) ? (value as readonly Literal[]) : [value as Literal]
  const times = entries.map(toTime)
  return times.every(time => time !== undefined) ? times.map(time => [time, keyText(key)]) : []
}

/** An integer as Python's int() reads one: numbers truncated, booleans 0 and 1, text of digits. */
function toTime(value: Literal): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value)
  return undefined
}

/** The text of a key as it is reported. */
export function keyText(key: LiteralKey): string {
  if (key === true) return 'True'
  if (key === false) return 'False'
  return key === null ? 'None' : String(key)
}

function fencedDictionary(answer: string): string | undefined {
  const fence = answer.indexOf('```')
  const end = answer.lastIndexOf('}')
  if (fence === -1 || end === -1) return undefined
  const start = answer.lastIndexOf('{', end)
  return start < fence + 3 ? undefined : answer.slice(start, end + 1)
}

function between(text: string, start: number): string | undefined {
  const end = text.lastIndexOf('}')
  return start === -1 || end < start ? undefined : text.slice(start, end + 1)
}

/** Agreement of verdicts with labels. */
export interface TransitionMetrics {
  readonly tp: number
  readonly fp: number
  readonly fn: number
  readonly tn: number
  readonly accuracy: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/**
 * Counts, accuracy, precision, recall and F1 of "something was achieved", whichever subgoal was named. 1e-9 is added to the
 * denominators, so that never flagging gives 0. About 4 % of transitions achieve something: look at F1, not at accuracy.
 *
 * @param predicted [n]
 * @param actual [n]
 */
export function transitionMetrics(predicted: readonly boolean[], actual: readonly boolean[]): TransitionMetrics {
  assertSameLength(predicted, 'predicted', actual, 'actual')
  const epsilon = 1e-9
  const count = (p: boolean, a: boolean) => predicted.filter((value, i) => value === p && actual[i] === a).length
  const [tp, fp, fn, tn] = [count(true, true), count(true, false), count(false, true), count(false, false)]
  const precision = tp / (tp + fp + epsilon)
  const recall = tp / (tp + fn + epsilon)
  return {
    tp,
    fp,
    fn,
    tn,
    accuracy: predicted.length === 0 ? 0 : (tp + tn) / predicted.length,
    precision,
    recall,
    f1: (2 * precision * recall) / (precision + recall + epsilon),
  }
}

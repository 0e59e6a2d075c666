import { GuerdonError } from '@guerdon/core'
import { assignRows } from '../../shared/assignment.ts'
import { isJsonObject, type JsonObject, jsonEqual, parseJson } from '../../shared/json-text.ts'
import { multisetIntersection } from '../../shared/text-overlap.ts'

/** One tool call of a turn. */
export interface ToolCall {
  readonly name: string
  readonly parameters: JsonObject
}

/**
 * How lists of names or keys are compared, each giving a score in [0, 1].
 *
 * - `multiset`: Jaccard index of multisets I/(|a| + |b| − I) (released code; default)
 * - `set`: Jaccard index of sets (as the paper writes it)
 * - `set-equality`: 1 for equal sets, else 0 (the paper's "finegrained" ablation)
 * - `list-equality`: 1 for equal lists in order, else 0 (the released "refined" flag)
 */
export type Matching = 'multiset' | 'set' | 'set-equality' | 'list-equality'

/**
 * Similarity of two lists of strings in [0, 1]. Equal lists give 1, also when both are empty; else an empty side gives
 * 0. Source: ToolRL, `match_score` of the released reward module.
 */
export function matchScore(
  first: readonly string[],
  second: readonly string[],
  options: { readonly matching?: Matching } = {},
): number {
  const { matching = 'multiset' } = options
  if (first.length === second.length && first.every((entry, i) => entry === second[i])) return 1
  if (matching === 'list-equality' || first.length === 0 || second.length === 0) return 0
  const [a, b] = matching === 'multiset' ? [first, second] : [[...new Set(first)], [...new Set(second)]]
  const shared = multisetIntersection(a, b)
  if (matching === 'set-equality') return shared === a.length && shared === b.length ? 1 : 0
  return shared / (a.length + b.length - shared)
}

/** Options of `toolCallReward`. */
export interface ToolCallRewardOptions {
  /** [lowest, highest] reward. Default [−3, 3]. */
  readonly range?: readonly [number, number]
  /** What earns credit: every field, whole calls only, or nothing less than all calls. Default `fields`. */
  readonly credit?: 'fields' | 'calls' | 'all'
  /** How names and keys are compared. Default `multiset`. */
  readonly matching?: Matching
  /**
   * How predicted calls are given to true ones: best total (paper) or one after the other (released). Default
   * `optimal`.
   */
  readonly assignment?: 'optimal' | 'greedy'
}

/**
 * Graded match of predicted tool calls P with the true ones G:
 *
 *   R = r_name + Σ_j [ r_param(G_j, P_σ(j)) + r_value(G_j, P_σ(j)) ]
 *   reward = (max − min) · R / S_max + min,  S_max = 1 + |G| + Σ_j |keys(G_j)|
 *
 * r_name compares all names at once; r_param the parameter keys and r_value ∈ {0 … |keys|} counts equal values, both
 * only for pairs of equal names. σ is the assignment with the largest sum (`optimal`, the paper), or each true call in
 * order takes the unused prediction with the largest positive score, first on ties (`greedy`, the released code).
 * `credit: 'calls'` pays 1 for a wholly equal call (S_max = 1 + |G|); `credit: 'all'` pays max or min. G equal to P in
 * order gives max at once. Value equality is deep; `1` and `true` differ, NaN equals nothing.
 *
 * Source: arXiv 2504.13958 §3; `compute_tool_call_reward` of the released code. Nearest relative: `craft-gui`, which
 * checks one action instead of a list.
 *
 * @returns a number in [min, max]
 */
export function toolCallReward(
  truth: readonly ToolCall[],
  predicted: readonly ToolCall[],
  options: ToolCallRewardOptions = {},
): number {
  const { range = [-3, 3], credit = 'fields', matching = 'multiset', assignment = 'optimal' } = options
  const [lowest, highest] = range
  if (jsonEqual(truth, predicted)) return highest
  if (credit === 'all' || (credit === 'fields' && comparesUnreadable(truth, predicted))) return lowest
  const names = matchScore(namesOf(truth), namesOf(predicted), { matching })
  const pairs = truth.map(call => predicted.map(other => pairScore(call, other, credit, matching)))
  const matched = assignment === 'greedy' ? greedySum(pairs) : optimalSum(pairs)
  let largest = 1
  for (const call of truth) largest += credit === 'calls' ? 1 : 1 + Object.keys(call.parameters).length
  return ((highest - lowest) * (names + matched)) / largest + lowest
}

/** Whether a predicted call without an object of parameters shares its name with a true one. */
function comparesUnreadable(truth: readonly ToolCall[], predicted: readonly ToolCall[]): boolean {
  return predicted.some(call => !isJsonObject(call.parameters) && truth.some(({ name }) => name === call.name))
}

function namesOf(calls: readonly ToolCall[]): string[] {
  return calls.map(call => call.name)
}

function pairScore(truth: ToolCall, predicted: ToolCall, credit: 'fields' | 'calls', matching: Matching): number {
  if (truth.name !== predicted.name) return 0
  if (credit === 'calls') return jsonEqual(truth, predicted) ? 1 : 0
  const keys = Object.keys(truth.parameters)
  const keyScore = matchScore(keys, Object.keys(predicted.parameters), { matching })
  const equalValues = keys.filter(
    key => Object.hasOwn(predicted.parameters, key) && jsonEqual(truth.parameters[key], predicted.parameters[key]),
  )
  return keyScore + equalValues.length
}

function greedySum(pairs: readonly (readonly number[])[]): number {
  const used = new Set<number>()
  let sum = 0
  for (const row of pairs) {
    let best = -1
    for (let j = 0; j < row.length; j++) {
      if (!used.has(j) && row[j] > (best === -1 ? 0 : row[best])) best = j
    }
    if (best === -1) continue
    used.add(best)
    sum += row[best]
  }
  return sum
}

function optimalSum(pairs: readonly (readonly number[])[]): number {
  const assigned = assignRows(pairs.map(row => row.map(score => -score)))
  let sum = 0
  for (let i = 0; i < pairs.length; i++) if (assigned[i] !== -1) sum += pairs[i][assigned[i]]
  return sum
}

/** The calls of a `<tool_call>` block, or what is wrong with it. */
export type ToolCallsResult =
  | { readonly ok: true; readonly calls: readonly ToolCall[] }
  | { readonly ok: false; readonly problem: string }

/**
 * Reads the calls of the first `<tool_call>` block: one JSON object `{"name", "parameters"}` a line. The block ends
 * at the next tag of either kind, or with the text, as long as a closing tag stands anywhere.
 *
 * `compat: 'released'` wants the parameters only where a call is compared, so that one of another name may lack them.
 */
export function readToolCalls(text: string, options: { readonly compat?: 'released' } = {}): ToolCallsResult {
  const start = text.indexOf('<tool_call>')
  if (start === -1 || !text.includes('</tool_call>')) return { ok: false, problem: 'no <tool_call> block' }
  const rest = text.slice(start + '<tool_call>'.length)
  const lines = rest
    .split(/<\/?tool_call>/, 1)[0]
    .trim()
    .split('\n')
  const calls: ToolCall[] = []
  for (const [i, line] of lines.entries()) {
    const parsed = parseJson(line, { nonFinite: true })
    if (!parsed.ok) return { ok: false, problem: `line ${i + 1} of the tool calls is not JSON` }
    const call = parsed.value
    const readable = isJsonObject(call) && (options.compat === 'released' || isJsonObject(call['parameters']))
    if (!readable || typeof call['name'] !== 'string') {
      return { ok: false, problem: `line ${i + 1} of the tool calls lacks a name or parameters` }
    }
    // The whole object is kept: a further field makes a call unequal, as in the released comparison.
    calls.push(call as unknown as ToolCall)
  }
  return { ok: true, calls }
}

/** The true calls; a malformed ground truth is the data's fault, not the policy's, and throws `invalid_input`. */
export function readTrueCalls(groundTruth: string): readonly ToolCall[] {
  const read = readToolCalls(groundTruth)
  if (read.ok) return read.calls
  throw new GuerdonError('invalid_input', `expected tool calls in the ground truth; ${read.problem}`, {
    path: ['reference'],
    hint: 'write one JSON object {"name", "parameters"} a line between <tool_call> and </tool_call>',
  })
}

import type { Random } from '@guerdon/core'
import type { ToolCall } from '@guerdon/methods/rules/toolrl'
import { adamAscent } from '../../toys/adam.ts'
import {
  type ChoicePolicy,
  type CreditedChoice,
  choiceGradient,
  choicePolicy,
  draw,
  greedyChoice,
} from '../../toys/choice-policy.ts'

const tools = 4
const keys = 4
const keysPerTool = 2
const values = 5

/** What a prompt asks for: an intent for each call, and one for each of its values. */
export type Request = readonly { readonly tool: number; readonly values: readonly number[] }[]

/** A request of one or two calls. */
export function drawRequest(random: Random): Request {
  return Array.from({ length: 1 + random.integer(2) }, () => ({
    tool: random.integer(tools),
    values: Array.from({ length: keysPerTool }, () => random.integer(values)),
  }))
}

/** What intents stand for. */
export interface ToolSet {
  /** The calls a request asks for. */
  callsOf(request: Request): readonly ToolCall[]
}

/** Hidden permutations of tools and values, and two keys of four for each tool. */
export function drawTools(random: Random): ToolSet {
  const toolMeant = random.permutation(tools)
  const valueMeant = random.permutation(values)
  const keysTaken = Array.from({ length: tools }, () => random.permutation(keys).slice(0, keysPerTool))
  return {
    callsOf: request =>
      request.map(intent => ({
        name: toolName(toolMeant[intent.tool]),
        parameters: Object.fromEntries(
          intent.values.map((value, slot) => [keyName(keysTaken[toolMeant[intent.tool]][slot]), valueMeant[value]]),
        ),
      })),
  }
}

/** A policy of tables: every decision of a response by a table of its own, all under Adam. */
export interface ToolPolicy {
  readonly tables: Readonly<Record<Decision, ChoicePolicy>>
  readonly ascend: Readonly<Record<Decision, (gradient: Float64Array) => void>>
}

type Decision = 'format' | 'count' | 'tool' | 'key' | 'value'

/** Uniform over everything. */
export function createToolPolicy(learningRate: number): ToolPolicy {
  const uniform = (prompts: number, choices: number) => choicePolicy(prompts, choices, () => 0)
  const tables = {
    format: uniform(1, 2),
    count: uniform(2, 2),
    tool: uniform(tools, tools),
    key: uniform(tools * keysPerTool, keys),
    value: uniform(values, values),
  }
  const ascent = (decision: Decision) => adamAscent(tables[decision].logits, learningRate)
  return {
    tables,
    ascend: {
      format: ascent('format'),
      count: ascent('count'),
      tool: ascent('tool'),
      key: ascent('key'),
      value: ascent('value'),
    },
  }
}

/** A response, and the decisions that made it. */
export interface Answer {
  readonly calls: readonly ToolCall[]
  readonly wellFormed: boolean
  readonly decisions: readonly { readonly decision: Decision; readonly prompt: number; readonly choice: number }[]
}

/** Answers a request: draws every decision, or takes the most probable when there is no generator. */
export function answer({ tables }: ToolPolicy, request: Request, random?: Random): Answer {
  const decisions: { decision: Decision; prompt: number; choice: number }[] = []
  const decide = (decision: Decision, prompt: number): number => {
    const choice = random ? draw(tables[decision], prompt, random) : greedyChoice(tables[decision], prompt)
    decisions.push({ decision, prompt, choice })
    return choice
  }
  const wellFormed = decide('format', 0) === 1
  const count = 1 + decide('count', request.length - 1)
  const calls = Array.from({ length: count }, (_, i) => {
    // a call nobody asked for answers the last intent again
    const intent = request[Math.min(i, request.length - 1)]
    const tool = decide('tool', intent.tool)
    const parameters: Record<string, number> = {}
    intent.values.forEach((value, slot) => {
      const key = decide('key', tool * keysPerTool + slot)
      parameters[keyName(key)] = decide('value', value)
    })
    return { name: toolName(tool), parameters }
  })
  return { calls, wellFormed, decisions }
}

/** One Adam step along the mean over responses of A·∇ log π(response). */
export function updateToolPolicy(
  { tables, ascend }: ToolPolicy,
  answers: readonly Answer[],
  advantages: ArrayLike<number>,
): void {
  const credited: Record<Decision, CreditedChoice[]> = { format: [], count: [], tool: [], key: [], value: [] }
  answers.forEach(({ decisions }, i) => {
    const advantage = advantages[i] / answers.length
    for (const { decision, prompt, choice } of decisions) credited[decision].push({ prompt, choice, advantage })
  })
  for (const decision of Object.keys(tables) as Decision[]) {
    ascend[decision](choiceGradient(tables[decision], credited[decision]))
  }
}

function toolName(tool: number): string {
  return `tool${tool}`
}

function keyName(key: number): string {
  return `key${key}`
}

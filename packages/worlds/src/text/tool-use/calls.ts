import { readNumber } from '../turns.ts'

/** A call of a tool, or the answer: `{ answer : 7 }` is the call `answer` with the parameter `value`. */
export interface ToolCall {
  readonly name: string
  /** Values in words; numbers as digits without blanks. */
  readonly parameters: Readonly<Record<string, string>>
}

/** The tools and the parameters each must have. */
export const toolParameters: Readonly<Record<string, readonly string[]>> = {
  search: ['role'],
  lookup: ['who', 'what'],
  calculator: ['left', 'operator', 'right'],
}

/** Most calls in one action. */
export const mostCalls = 2

/** One text for calls that ask the same, whatever the order of their parameters. */
export function callKey({ name, parameters }: ToolCall): string {
  const sorted = Object.keys(parameters).sort()
  return `${name} ${sorted.map(parameter => `${parameter} ${parameters[parameter]}`).join(' ')}`
}

/** Calls in words, one after the other: `{ lookup : { who : mira , what : age } }`. */
export function callWords(...calls: readonly ToolCall[]): string {
  return calls
    .map(({ name, parameters }) => {
      if (name === 'answer') return `{ answer : ${spaced(parameters['value'])} }`
      const list = Object.entries(parameters).map(([parameter, value]) => `${parameter} : ${spaced(value)}`)
      return `{ ${name} : { ${list.join(' , ')} } }`
    })
    .join(' ')
}

function spaced(value: string): string {
  return /^\d+$/.test(value) ? value.split('').join(' ') : value
}

/**
 * Reads the calls of an action. Undefined when it is not one or two objects, when a parameter comes twice, or when an
 * answer is not the only call. Names are not checked: a tool that does not exist is an error of its own.
 */
export function readCalls(words: readonly string[]): readonly ToolCall[] | undefined {
  const calls: ToolCall[] = []
  let at = 0
  const take = (word: string): boolean => words[at] === word && at++ >= 0
  const value = (): string | undefined => {
    const start = at
    while (/^\d$/.test(words[at] ?? '')) at++
    if (at > start) return readNumber(words.slice(start, at))?.toString()
    return isValue(words[at]) ? words[at++] : undefined
  }
  while (at < words.length) {
    if (!take('{')) return undefined
    const name = words[at++]
    if (!isName(name) || !take(':')) return undefined
    const parameters: Record<string, string> = {}
    if (name === 'answer') {
      const answered = value()
      if (answered === undefined) return undefined
      parameters['value'] = answered
    } else {
      if (!take('{')) return undefined
      do {
        const parameter = words[at++]
        if (!isName(parameter) || parameter in parameters || !take(':')) return undefined
        const given = value()
        if (given === undefined) return undefined
        parameters[parameter] = given
      } while (take(','))
      if (!take('}')) return undefined
    }
    if (!take('}')) return undefined
    calls.push({ name, parameters })
  }
  const answers = calls.some(({ name }) => name === 'answer')
  return calls.length === 0 || calls.length > mostCalls || (answers && calls.length > 1) ? undefined : calls
}

function isName(word: string | undefined): word is string {
  return word !== undefined && /^[a-z]+$/.test(word)
}

function isValue(word: string | undefined): word is string {
  return word !== undefined && /^([a-z]+|[-+*])$/.test(word)
}

/** How much of the wanted calls a call is. */
export interface CallMatch {
  /** 1 when a wanted call is of this tool. */
  readonly name: number
  /** Of the wanted call's parameters, the share that is named; 0 when the tool is another. */
  readonly parameterNames: number
  /** Of the wanted call's parameters, the share that has the right value. */
  readonly parameterValues: number
}

/** The best match of a call with any of the wanted ones. */
export function bestMatch(call: ToolCall, wanted: readonly ToolCall[]): CallMatch {
  let best: CallMatch = { name: 0, parameterNames: 0, parameterValues: 0 }
  for (const gold of wanted) {
    if (gold.name !== call.name) continue
    const names = Object.keys(gold.parameters)
    const share = (fits: (name: string) => boolean): number => names.filter(fits).length / names.length
    const match = {
      name: 1,
      parameterNames: share(name => name in call.parameters),
      parameterValues: share(name => call.parameters[name] === gold.parameters[name]),
    }
    const total = match.parameterNames + match.parameterValues
    if (best.name === 0 || total > best.parameterNames + best.parameterValues) best = match
  }
  return best
}

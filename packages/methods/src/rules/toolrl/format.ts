import { countOf } from '../../shared/tagged-text.ts'

const tags = { toolCall: ['<tool_call>', '</tool_call>'], response: ['<response>', '</response>'] } as const

const shapes = {
  neither: /^<think>.*?<\/think>\n?$/s,
  response: /^<think>.*?<\/think>\n<response>.*?<\/response>\n?$/s,
  toolCall: /^<think>.*?<\/think>\n<tool_call>\n.*?\n<\/tool_call>\n?$/s,
  both: /^<think>.*?<\/think>\n<tool_call>\n.*?\n<\/tool_call>\n<response>.*?<\/response>\n?$/s,
} as const

/** Which blocks an answer must have. */
export type RequiredShape = keyof typeof shapes

/** The shape a response must have is that of the ground truth, never that of the response. */
export function requiredShape(groundTruth: string): RequiredShape {
  const response = groundTruth.includes('<response>')
  const toolCall = groundTruth.includes('<tool_call>')
  if (response && toolCall) return 'both'
  return response ? 'response' : toolCall ? 'toolCall' : 'neither'
}

/**
 * Whether a response has the shape of its ground truth: `<think>…</think>`, a newline, then `<tool_call>` lines and/or
 * `<response>…</response>`, nothing else, every required tag but `<think>` exactly once. One trailing newline is
 * allowed.
 *
 * Source: `customize_format_reward_func` of the released code.
 */
export function hasRequiredFormat(response: string, groundTruth: string): boolean {
  const shape = requiredShape(groundTruth)
  const once = [
    ...(shape === 'toolCall' || shape === 'both' ? tags.toolCall : []),
    ...(shape === 'response' || shape === 'both' ? tags.response : []),
  ]
  return once.every(tag => countOf(response, tag) === 1) && shapes[shape].test(response)
}

/**
 * Words of the last `<think>` block, or undefined when the text lacks either think tag. A word is a run without white
 * space.
 */
export function thinkWords(response: string): number | undefined {
  if (!response.includes('<think>') || !response.includes('</think>')) return undefined
  const after = response.slice(response.lastIndexOf('<think>') + '<think>'.length)
  const end = after.indexOf('</think>')
  return (end === -1 ? after : after.slice(0, end)).match(/\S+/g)?.length ?? 0
}

/** Two decimals, ties to even, as Python's `round(x, 2)`. Only odd multiples of 1/8 are exact ties in binary. */
export function roundHalfEven2(x: number): number {
  const eighths = x * 8
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return Number(x.toFixed(2))
  const below = Math.floor(x * 100)
  return (below % 2 === 0 ? below : below + 1) / 100
}

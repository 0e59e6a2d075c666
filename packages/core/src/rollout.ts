import * as z from 'zod'
import { failureClasses } from './outcome.ts'

/** Numbers of one token array as they arrive: a JSON list (null = absent) or a typed array. */
export type TokenNumbers = ArrayLike<number | null>

const nonFinite = /^[+-]?(nan|inf|infinity)$/i

/** True for text such as "NaN" or "-Infinity", which writers without a JSON NaN leave in numeric fields. */
export function isNonFiniteText(value: unknown): boolean {
  return typeof value === 'string' && nonFinite.test(value)
}

const columnName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]*$/, 'a column name of letters, digits, ".", "_" and "-" that starts with a letter')

const failureSchema = z.strictObject({
  class: z.enum(failureClasses),
  message: z.string(),
  component: z.string().optional(),
})

/** An outcome on the wire: a number, or an object that says why there is none. */
export const outcomeSchema = z.union(
  [
    z.number(),
    z.strictObject({ status: z.literal('scored'), value: z.number() }),
    z.strictObject({ status: z.literal('abstained'), reason: z.string().optional() }),
    z.strictObject({ status: z.literal('failed'), failure: failureSchema }),
  ],
  { error: 'a finite number or an object with status "scored", "abstained" or "failed"' },
)

/** One chat message; further fields of a provider are kept. */
export const messageSchema = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.unknown())], { error: 'text or a list of content parts' }).nullish(),
})

const promptSchema = z.union([z.string(), z.array(messageSchema).min(1)], { error: 'text or a list of chat messages' })

/** Values of custom columns: numbers, booleans (kept as 1 and 0), outcomes, text, or any JSON; null is absent. */
const columnsSchema = z.record(columnName, z.unknown())

const tokenNumbers = z
  .custom<TokenNumbers>()
  .superRefine((given, context) => {
    if (!Array.isArray(given) && !ArrayBuffer.isView(given)) {
      context.addIssue({ code: 'custom', message: 'a list of numbers' })
      return
    }
    const values = given as ArrayLike<unknown>
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (value !== null && !Number.isFinite(value)) {
        context.addIssue({ code: 'custom', path: [i], message: 'a finite number or null' })
        return
      }
    }
  })
  .meta({ type: 'array', items: { type: ['number', 'null'] } })

const tokenTexts = z.array(z.string().nullable())

/** Parallel arrays with one entry for each token of the rollout, whoever wrote it (`mask` 1 = the policy). */
export const tokensSchema = z
  .object({
    ids: tokenNumbers.nullish(),
    texts: tokenTexts.nullish(),
    logprobs: tokenNumbers.nullish(),
    refLogprobs: tokenNumbers.nullish(),
    entropies: tokenNumbers.nullish(),
    values: tokenNumbers.nullish(),
    mask: tokenNumbers.nullish(),
  })
  .catchall(z.union([tokenNumbers, tokenTexts], { error: 'a list of numbers or of texts' }).nullish())

/** One decision of the policy and what it answered to. */
export const turnSchema = z.strictObject({
  observation: z.string().nullish(),
  action: z.string().nullish(),
  reward: outcomeSchema.nullish(),
  span: z
    .tuple([z.int().min(0), z.int().min(0)], { error: '[start, end) as two integers' })
    .nullish()
    .describe('[start, end): token positions when the rollout has tokens, else UTF-16 positions in response'),
  state: z.unknown().optional(),
  toolCalls: z.unknown().optional(),
  done: z.boolean().nullish(),
  columns: columnsSchema.nullish(),
})

/**
 * One rollout as a JSON record (JSONL, Parquet or HTTP). Absent and null are the same everywhere. Unknown fields are
 * refused, so that a misspelt one is never lost: `meta` takes what no stage reads, `columns` what stages read.
 */
export const rolloutSchema = z.strictObject({
  id: z.string().min(1),
  group: z.string().min(1).nullish().describe('rollouts with one group are compared; alone when absent'),
  prompt: promptSchema,
  response: z.string().nullish(),
  messages: z.array(messageSchema).nullish(),
  turns: z.array(turnSchema).nullish(),
  tokens: tokensSchema.nullish(),
  outcome: outcomeSchema.nullish(),
  reference: z.unknown().optional(),
  meta: z.unknown().optional(),
  columns: columnsSchema.nullish().describe('rollout.<name> for each entry'),
  groupColumns: columnsSchema.nullish().describe('group.<name> for each entry; must agree within a group'),
})

export type Rollout = z.infer<typeof rolloutSchema>
export type Turn = z.infer<typeof turnSchema>
export type Message = z.infer<typeof messageSchema>
export type Tokens = z.infer<typeof tokensSchema>
/** An outcome as it travels: a number or an object with a status. */
export type WireOutcome = z.infer<typeof outcomeSchema>

/** The JSON Schema (draft 2020-12) of a rollout record. */
export function rolloutJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(rolloutSchema, { io: 'input', unrepresentable: 'any' })
}

/** A prompt as text: itself, the content of a single message, or `role: content` paragraphs. */
export function promptText(prompt: Rollout['prompt']): string {
  if (typeof prompt === 'string') return prompt
  if (prompt.length === 1) return contentText(prompt[0].content)
  return prompt.map(message => `${message.role}: ${contentText(message.content)}`).join('\n\n')
}

function contentText(content: Message['content']): string {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string') return content
  return content.map(part => (isTextPart(part) ? part.text : '')).join('')
}

function isTextPart(part: unknown): part is { text: string } {
  return typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string'
}

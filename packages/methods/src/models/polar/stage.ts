import {
  defineStage,
  failed,
  GuerdonError,
  json,
  type Outcome,
  scored,
  signalFromOutcomes,
  textColumn,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { characterTokenizer, type DialogueText, polarInput, splitThinking } from './input.ts'

/** Schema of the stage's options. */
export const polarOptions = z.strictObject({
  wrapper: z
    .enum(['sft', 'pretrain'])
    .default('sft')
    .describe('a newline between prompt and answer, or plain continuation'),
  maxCharacters: z
    .int()
    .min(1)
    .default(65536)
    .describe('characters of the whole input; the scoring server cuts by tokens'),
  maxResponseCharacters: z.int().min(1).default(16384).describe('characters of one answer'),
  responseCutSide: z.enum(['right', 'left']).default('right').describe('end at which a long answer is cut'),
  stripThinking: z.boolean().default(true).describe('score what follows the first <think>…</think>'),
})

/** Options of the stage, every default filled in. */
export type PolarStageOptions = z.infer<typeof polarOptions>

/**
 * Writes `rollout.polarInput`, the text a POLAR server scores, from prompt, response and the reference answer. A rollout
 * without a response or reference fails in `rollout.polarReady` and has no text: a candidate is never scored without a
 * reference.
 */
export const polarStage = defineStage<PolarStageOptions, null>({
  name: 'polar',
  about: 'packs prompt, reference answer and response into the text a policy discriminator scores',
  options: polarOptions,
  reads: () => [
    { name: 'rollout.prompt', kind: 'text', about: 'the prompt' },
    { name: 'rollout.response', kind: 'text', about: 'the candidate' },
    { name: 'rollout.reference', kind: 'json', about: 'a good answer: text, or messages with content' },
  ],
  writes: () => [
    { name: 'rollout.polarInput', kind: 'text', about: 'text to be scored' },
    { name: 'rollout.polarReady', kind: 'number', about: '1 where there is a text; failed where something is missing' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const prompts = texts(batch, 'rollout.prompt')
    const responses = texts(batch, 'rollout.response')
    const references = json(batch, 'rollout.reference', 'a good answer to the prompt')
    const packed: (string | undefined)[] = []
    const ready = batch.rolloutIds.map((id, r): Outcome => {
      const reference = dialogue(references[r], id)
      const response = responses[r]
      if (reference === undefined || response === undefined) {
        packed.push(undefined)
        return failed(
          'invalid_input',
          `expected a ${reference === undefined ? 'reference' : 'response'}; got none`,
          'polar',
        )
      }
      const candidate = options.stripThinking ? splitThinking(response).answer : response
      const item = { prompt: prompts[r] ?? '', reference, candidate }
      packed.push(
        polarInput(item, characterTokenizer, {
          wrapper: options.wrapper,
          maxLength: options.maxCharacters,
          maxResponseLength: options.maxResponseCharacters,
          responseCutSide: options.responseCutSide,
        }),
      )
      return scored(1)
    })
    return {
      columns: {
        'rollout.polarInput': textColumn('rollout', packed),
        'rollout.polarReady': signalFromOutcomes('rollout', ready),
      },
      state,
    }
  },
})

function dialogue(value: unknown, id: string): DialogueText | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
  if (Array.isArray(value) && value.every(entry => typeof entry?.content === 'string')) return value
  throw new GuerdonError(
    'invalid_input',
    `expected the reference to be text or messages; rollout "${id}" has something else`,
    {
      path: ['rollout.reference'],
      rollout: id,
    },
  )
}

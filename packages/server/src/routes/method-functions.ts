import { bindStage, GuerdonError, z } from '@guerdon/core'
import { findMethod } from '@guerdon/methods'
import { bestOfNKl, expectedBestOfN, passAtK } from '@guerdon/methods/shared/best-of-n'
import { boxOverlap } from '@guerdon/methods/shared/boxes'
import { generalizedAdvantages } from '@guerdon/methods/shared/gae'
import { klInReward } from '@guerdon/methods/shared/kl'
import { rougeL, tokenF1 } from '@guerdon/methods/shared/text-overlap'
import type { Services } from '../services.ts'
import { estimate } from './advantages.ts'
import { readBody } from './body-fields.ts'
import type { Call } from './route.ts'
import { estimateRequest } from './schemas.ts'

/** A pure function that may be called over HTTP: data in, data out, no state, no draw, no input or output. */
export interface MethodFunction {
  /** The method under which it is found. */
  readonly slug: string
  readonly name: string
  /** One sentence. */
  readonly about: string
  readonly request: z.ZodType
  readonly response: z.ZodType
  /** `input` is what `request` gave. Throws `GuerdonError`. */
  run(input: never): unknown
}

function define<Request extends z.ZodType>(
  definition: Omit<MethodFunction, 'run' | 'request'> & {
    readonly request: Request
    run(input: z.output<Request>): unknown
  },
): MethodFunction {
  return definition
}

const numbers = z.array(z.number())
const box = z.tuple([z.number(), z.number(), z.number(), z.number()]).describe('x1, y1, x2, y2')
const overlap = z.object({ precision: z.number(), recall: z.number(), f1: z.number() })
const twoTexts = z.object({ prediction: z.string(), reference: z.string() })

/** Every function that may be called by name, besides the stages of all methods. */
export const methodFunctions: readonly MethodFunction[] = [
  define({
    slug: 'baselines-advantage',
    name: 'generalized-advantages',
    about: 'Generalised advantage estimation of one row: Aₜ = δₜ + γλ·Aₜ₊₁ over the tokens of the policy.',
    request: z.object({
      rewards: numbers,
      values: numbers,
      mask: z
        .array(z.union([z.literal(0), z.literal(1)]))
        .optional()
        .describe('1 = written by the policy; all when absent'),
      gamma: z.number().optional(),
      lambda: z.number().optional(),
      maskedTokens: z.enum(['skip', 'include']).optional(),
    }),
    response: z.object({ advantages: numbers, returns: numbers }),
    run: ({ rewards, values, mask, ...options }) => {
      assertLengths({ rewards, values, ...(mask === undefined ? {} : { mask }) })
      const rows = {
        offsets: Int32Array.of(0, rewards.length),
        mask: mask === undefined ? new Uint8Array(rewards.length).fill(1) : Uint8Array.from(mask),
      }
      const result = generalizedAdvantages(Float64Array.from(rewards), Float64Array.from(values), rows, options)
      return { advantages: [...result.advantages], returns: [...result.returns] }
    },
  }),
  define({
    slug: 'baselines-advantage',
    name: 'kl-in-reward',
    about: 'Token rewards less β times an estimate of the KL divergence to the reference.',
    request: z.object({
      rewards: numbers,
      logProbs: numbers,
      refLogProbs: numbers,
      beta: z.number().optional(),
      estimator: z.enum(['k1', 'abs', 'k2', 'k3']).optional(),
    }),
    response: z.object({ rewards: numbers }),
    run: ({ rewards, logProbs, refLogProbs, ...options }) => ({
      rewards: [...klInReward(rewards, logProbs, refLogProbs, options)],
    }),
  }),
  define({
    slug: 'baselines-reward-model',
    name: 'pass-at-k',
    about: 'The chance that at least one of k samples passes, without bias: 1 − C(n − c, k) / C(n, k).',
    request: z.object({ samples: z.int(), passed: z.int(), k: z.int() }),
    response: z.object({ value: z.number() }),
    run: counts => ({ value: passAtK(counts) }),
  }),
  define({
    slug: 'baselines-reward-model',
    name: 'best-of-n-kl',
    about: 'KL divergence of best-of-n sampling from the base policy: ln n − (n − 1) / n.',
    request: z.object({ n: z.int() }),
    response: z.object({ value: z.number() }),
    run: ({ n }) => ({ value: bestOfNKl(n) }),
  }),
  define({
    slug: 'baselines-reward-model',
    name: 'expected-best-of-n',
    about: 'The expected value of the best of n by score, over all choices of n of the samples.',
    request: z.object({ scores: numbers, values: numbers, n: z.int() }),
    response: z.object({ value: z.number() }),
    run: ({ scores, values, n }) => ({ value: expectedBestOfN(scores, values, n) }),
  }),
  define({
    slug: 'vision-r1',
    name: 'box-overlap',
    about: 'Intersection over union of two boxes, plain and generalised.',
    request: z.object({ a: box, b: box }),
    response: z.object({ iou: z.number(), giou: z.number() }),
    run: ({ a, b }) => boxOverlap(a, b),
  }),
  define({
    slug: 'shop-r1',
    name: 'rouge-l',
    about: 'Longest common subsequence of words: precision, recall and F1.',
    request: twoTexts,
    response: overlap,
    run: ({ prediction, reference }) => rougeL(prediction, reference),
  }),
  define({
    slug: 'shop-r1',
    name: 'token-f1',
    about: 'Words in common, order aside: precision, recall and F1.',
    request: twoTexts,
    response: overlap,
    run: ({ prediction, reference }) => tokenF1(prediction, reference),
  }),
]

/**
 * `POST /v1/methods/<slug>/<function>`: a function of the list above with the input its schema describes, or a stage of the
 * method, `{ with?, columns?, groups | rollouts }`, without state. Throws `unknown_name`, naming what there is.
 */
export async function runFunction(services: Services, call: Call): Promise<unknown> {
  const method = findMethod(call.path('slug'))
  const name = call.path('function')
  const known = methodFunctions.filter(({ slug }) => slug === method.slug)
  const found = known.find(candidate => candidate.name === name)
  if (found !== undefined) return found.run(readBody(found.request, call.body) as never)
  const stage = method.stages.find(candidate => candidate.name === name)
  if (stage !== undefined) {
    const asked = readBody(estimateRequest, call.body)
    return await estimate(services, call, bindStage(stage, asked.with ?? {}), asked)
  }
  const names = [...known, ...method.stages].map(candidate => candidate.name)
  throw new GuerdonError('unknown_name', `expected a function or stage of ${method.slug}; got another name`, {
    path: ['function'],
    hint: names.length === 0 ? 'it has none that can be called' : `there are ${names.join(', ')}`,
  })
}

function assertLengths(lists: Readonly<Record<string, readonly unknown[]>>): void {
  const [[first, { length }], ...others] = Object.entries(lists)
  for (const [name, list] of others) {
    if (list.length === length) continue
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${first} and ${name} of one length; got ${length} and ${list.length}`,
      { path: [name] },
    )
  }
}

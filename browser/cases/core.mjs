import {
  batchBuffers,
  batchFromRollouts,
  bindStage,
  combineStage,
  defineRecipe,
  defineReward,
  GuerdonError,
  numbers,
  philox4x32,
  Random,
  readRolloutBatches,
} from '@guerdon/core'

const recipe = defineRecipe({
  name: 'correct and brief',
  steps: [
    defineReward({ name: 'correct', score: ({ response, reference }) => (response.includes(reference) ? 1 : 0) }),
    defineReward({ name: 'brief', score: ({ response }) => -response.length / 100 }),
    bindStage(combineStage, {
      parts: [
        { column: 'rollout.correct', weight: 1 },
        { column: 'rollout.brief', weight: 0.5 },
      ],
    }),
  ],
})

const rollouts = [
  { id: 'a', group: 'sum', prompt: '2+2?', response: 'The answer is 4.', reference: '4' },
  { id: 'b', group: 'sum', prompt: '2+2?', response: 'Five, I think, but let me explain at length.', reference: '4' },
]

/** A stream whose pieces end in the middle of lines and of characters. */
function blobStream(text) {
  const bytes = new TextEncoder().encode(text)
  const pieces = []
  for (let at = 0; at < bytes.length; at += 997) pieces.push(bytes.subarray(at, at + 997))
  return new Blob(pieces).stream()
}

export const cases = [
  {
    name: 'Philox gives the published block and the same numbers as Node, bit for bit',
    run() {
      const block = new Uint32Array(4)
      philox4x32(0, 0, 0, 0, 0, 0, block)
      const random = new Random(20_261)
      const drawn = {
        words: Array.from({ length: 257 }, () => random.uint32()),
        floats: Array.from({ length: 257 }, () => random.float()),
        integers: Array.from({ length: 257 }, (_, i) => random.integer(3 * i + 1)),
        permutation: [...random.permutation(50)],
        categorical: Array.from({ length: 50 }, () => random.categorical([0.2, 0, 3, 1])),
      }
      const child = random.split('rollout 7').split(3)
      return { block: [...block], ...drawn, state: random.state(), child: child.float() }
    },
    // The first known answer of philox4x32-10 in the Random123 distribution: counter 0, key 0.
    verify({ block }, expect) {
      expect(block).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
    },
  },
  {
    name: 'normal and Gumbel draws differ from those of Node by rounding at most',
    tolerance: 1e-14,
    run() {
      const random = new Random(5)
      return { normals: [...random.normals(500)], gumbels: Array.from({ length: 500 }, () => random.gumbel()) }
    },
  },
  {
    name: 'a recipe scores a batch and explains every component',
    async run() {
      const { batch, state } = await recipe.run(batchFromRollouts(rollouts))
      return {
        rewards: [...numbers(batch, 'rollout.reward').values],
        explanations: rollouts.map(({ id }) => recipe.explain(batch, id)),
        version: recipe.version,
        resumes: recipe.loadState(recipe.saveState(state)).recipe === recipe.version,
      }
    },
    verify({ rewards, explanations, resumes }, expect) {
      expect(rewards).toEqual([0.92, -0.22])
      expect(explanations[0].steps[2].contributions[0].map(({ contribution }) => contribution)).toEqual([1, -0.08])
      expect(resumes).toBe(true)
    },
  },
  {
    name: 'rollouts are read from the stream of a Blob',
    async run({ text }) {
      const stream = readRolloutBatches(blobStream(await text('/examples/rollouts/keyword-notes.jsonl')), {
        rolloutsPerBatch: 20,
      })
      const batches = []
      for await (const { batch, lines } of stream.batches) {
        batches.push({
          groups: batch.groupIds,
          rollouts: batch.rolloutIds,
          tokens: batch.tokenOffsets.at(-1),
          scores: [...numbers(batch, 'rollout.score').values],
          logprobs: [...numbers(batch, 'token.logprob').values],
          lines: [...lines.values()],
        })
      }
      return { batches, records: stream.report.records }
    },
    verify({ batches, records }, expect) {
      expect(records).toBe(128)
      expect(batches.length).toBeGreaterThan(1)
      expect(batches.flatMap(({ lines }) => lines)).toEqual(Array.from({ length: 128 }, (_, i) => i + 1))
    },
  },
  {
    name: 'a bad line of a Blob is refused by line and rollout',
    async run() {
      const lines = [JSON.stringify(rollouts[0]), '{"id":"ü","prompt":"p","response":"r","outcome":NaN}']
      try {
        for await (const _ of readRolloutBatches(blobStream(lines.join('\r\n')), { file: 'notes.jsonl' }).batches);
      } catch (error) {
        return { guerdon: error instanceof GuerdonError, code: error.code, message: error.message, line: error.line }
      }
      return undefined
    },
    verify(result, expect) {
      expect(result).toMatchObject({ guerdon: true, code: 'not_finite', line: 2 })
      expect(result.message).toContain('"ü"')
    },
  },
  {
    name: 'a batch moves to another realm without copying its numbers',
    async run() {
      const { batch } = await recipe.run(batchFromRollouts(rollouts))
      const moved = structuredClone(batch, { transfer: batchBuffers(batch) })
      return {
        rewards: [...numbers(moved, 'rollout.reward').values],
        explanation: recipe.explain(moved, 'b').final,
        left: batch.groupOffsets.length,
      }
    },
    verify({ rewards, left }, expect) {
      expect(rewards).toEqual([0.92, -0.22])
      expect(left).toBe(0)
    },
  },
]

import { describe, expect, it } from 'vitest'
import { batchFromRollouts } from '../batch-from-rollouts.ts'
import { numbers } from '../columns.ts'
import { defineRecipe } from '../recipe.ts'
import { outcomeAt } from '../signal.ts'
import { bindStage } from '../stage.ts'
import { exactAnswerStage } from './exact-answer.ts'
import { formatStage } from './format.ts'

async function format(response: string | null, options: object = {}) {
  const recipe = defineRecipe({ name: 'format', steps: [bindStage(formatStage, options)] })
  const { batch } = await recipe.run(batchFromRollouts([{ id: 'a', prompt: 'p', response }]))
  return outcomeAt(numbers(batch, 'rollout.format'), 0)
}

async function answer(response: string | null, reference: unknown, options: object = {}) {
  const recipe = defineRecipe({ name: 'answer', steps: [bindStage(exactAnswerStage, options)] })
  const records = [
    { id: 'a', prompt: 'p', response, reference },
    { id: 'b', prompt: 'p', response: 'b', reference: 'b' },
  ]
  const { batch } = await recipe.run(batchFromRollouts(records))
  return outcomeAt(numbers(batch, 'rollout.correct'), 0)
}

describe('format', () => {
  it.each([
    ['<think>a</think><answer>4</answer>', 1],
    [' <think>a</think>\n\n<answer></answer>\n', 1],
    ['<think>a</think><answer>4</answer> and more', 0],
    ['so <think>a</think><answer>4</answer>', 0],
    ['<answer>4</answer><think>a</think>', 0],
    ['<think>a</think><think>b</think><answer>4</answer>', 0],
    ['<think>a<think>b</think><answer>4</answer>', 0],
    ['<think>a</think><answer>4', 0],
    ['', 0],
  ])('%j → %d', async (text, value) => {
    expect(await format(text)).toEqual({ status: 'scored', value })
  })

  it('abstains without a response and takes other tags', async () => {
    expect((await format(null)).status).toBe('abstained')
    expect(await format('<plan>x</plan>', { tags: ['plan'] })).toEqual({ status: 'scored', value: 1 })
  })
})

describe('exact-answer', () => {
  it.each([
    ['<answer>4</answer>', '4', 1],
    ['<answer> 4\n</answer>', 4, 1],
    ['<answer>5</answer> no: <answer>4</answer>', '4', 1],
    ['<answer>the  end</answer>', 'the end', 1],
    ['<answer>e\u0301</answer>', '\u00e9', 1],
    ['<answer>Paris</answer>', 'paris', 0],
    ['<answer>1/2</answer>', '0.5', 0],
    ['4', '4', 0],
    ['</answer>', '', 0],
    ['<answer></answer>', '', 1],
  ])('%j against %j → %d', async (text, reference, value) => {
    expect(await answer(text, reference)).toEqual({ status: 'scored', value })
  })

  it('reads the whole text and ignores case when told', async () => {
    expect(await answer(' Paris', 'paris', { tag: null, caseSensitive: false })).toEqual({ status: 'scored', value: 1 })
  })

  it('abstains without a reference, fails on one that is no answer', async () => {
    expect((await answer('<answer>4</answer>', null)).status).toBe('abstained')
    expect(await answer('<answer>4</answer>', ['4'])).toMatchObject({
      status: 'failed',
      failure: { class: 'invalid_input' },
    })
  })
})

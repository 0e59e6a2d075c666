import { describe, expect, it } from 'vitest'
import { batchFromRollouts, defineRecipe, defineReward, numbers, outcomeAt } from './index.ts'
import { batch } from './testing/three-rollouts.ts'

describe('defineReward', () => {
  const results: Record<string, unknown> = {
    a: 1.5,
    b: Number.NaN,
    c: 'high',
    d: null,
    e: undefined,
    f: true,
    g: { status: 'abstained', reason: 'r' },
  }
  const many = batchFromRollouts([...Object.keys(results), 'h'].map(id => ({ id, prompt: 'p', response: id })))
  it('keeps one bad result from harming another', async () => {
    const reward = defineReward({
      name: 'picky',
      score: rollout => {
        if (rollout.id === 'h') throw new TypeError('no such thing')
        return results[rollout.id] as number
      },
    })
    const { batch: scored } = await defineRecipe({ name: 'r', steps: [reward] }).run(many)
    const column = numbers(scored, 'rollout.picky')
    const seen = many.rolloutIds.map((_, i) => {
      const outcome = outcomeAt(column, i)
      return outcome.status === 'failed'
        ? outcome.failure.class
        : outcome.status === 'scored'
          ? outcome.value
          : outcome.status
    })
    expect(seen).toEqual([1.5, 'range', 'type', 'abstained', 'type', 'type', 'abstained', 'bug'])
    expect(outcomeAt(column, 7)).toMatchObject({ failure: { message: 'TypeError: no such thing', component: 'picky' } })
  })
  it('scores turns and whole groups', async () => {
    const turns = defineReward({ name: 'length', level: 'turn', score: turn => turn.action?.length ?? null })
    const rank = defineReward({
      name: 'rank',
      level: 'group',
      score: rollouts =>
        rollouts.map(one => rollouts.filter(other => (other.response ?? '') < (one.response ?? '')).length),
    })
    const { batch: scored } = await defineRecipe({ name: 'r', steps: [turns, rank] }).run(batch)
    expect([...numbers(scored, 'turn.length').values]).toEqual([1, 1, 3, 0])
    expect([...numbers(scored, 'rollout.rank').values]).toEqual([1, 0, 0])
  })
  it('fails only the group whose function misbehaves', async () => {
    const odd = defineReward({ name: 'odd', level: 'group', score: rollouts => (rollouts.length > 1 ? [1] : [2]) })
    const { batch: scored } = await defineRecipe({ name: 'r', steps: [odd] }).run(batch)
    expect(outcomeAt(numbers(scored, 'rollout.odd'), 0)).toMatchObject({
      failure: { class: 'type', message: 'expected 2 results, one a rollout; got 1 of them' },
    })
    expect(outcomeAt(numbers(scored, 'rollout.odd'), 2)).toEqual({ status: 'scored', value: 2 })
  })
  it('is part of the reward version with its text', () => {
    const version = (score: () => number) =>
      defineRecipe({ name: 'r', steps: [defineReward({ name: 'x', score })] }).version
    expect(version(() => 1)).not.toBe(version(() => 2))
    expect(version(() => 1)).toBe(version(() => 1))
  })
})

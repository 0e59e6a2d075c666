import { abstained, batchFromRollouts, outcomeAt, scored, signalFromOutcomes } from '@guerdon/core'
import { expect, it } from 'vitest'
import { valuesInside, valuesLike } from './value-signals.ts'

const like = signalFromOutcomes('rollout', [scored(1), abstained('left out')])

it('keeps outcomes and changes numbers', () => {
  const changed = valuesLike(like, Float64Array.of(5, 6))
  expect(outcomeAt(changed, 0)).toEqual(scored(5))
  expect(outcomeAt(changed, 1)).toEqual(abstained('left out'))
  expect(() => valuesLike(like, Float64Array.of(5))).toThrow(/same length/)
})

it('hands the outcome of a rollout to everything inside', () => {
  const tokens = { ids: [1, 2] }
  const batch = batchFromRollouts([
    { id: 'a', prompt: 'p', tokens },
    { id: 'b', prompt: 'p', tokens },
  ])
  const inside = valuesInside(batch, like, 'token', Float64Array.of(1, 2, 3, 4))
  expect([...inside.values]).toEqual([1, 2, Number.NaN, Number.NaN])
  expect(outcomeAt(inside, 3)).toEqual(abstained('left out'))
})

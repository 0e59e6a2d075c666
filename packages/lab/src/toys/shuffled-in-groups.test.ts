import { Random } from '@guerdon/core'
import { expect, it } from 'vitest'
import { shuffledInGroups } from './shuffled-in-groups.ts'

it('moves values within their group only', () => {
  const values = Array.from({ length: 40 }, (_, i) => i)
  const shuffled = shuffledInGroups(values, 4, new Random(1))
  expect(shuffled).not.toEqual(values)
  expect(shuffled.map(value => Math.floor(value / 4))).toEqual(values.map(value => Math.floor(value / 4)))
  expect([...shuffled].sort((a, b) => a - b)).toEqual(values)
})

it('is decided by its generator', () => {
  const values = ['a', 'b', 'c', 'd', 'e', 'f']
  expect(shuffledInGroups(values, 3, new Random(7))).toEqual(shuffledInGroups(values, 3, new Random(7)))
})

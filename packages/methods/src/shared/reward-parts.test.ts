import { batchFromRollouts, GuerdonError, outcomeAt, type Signal } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { logProbRows, placeOnPolicyTokens, policyTokens, tokenValues } from './policy-tokens.ts'
import { isUnscored, noScore, partSignals, scoredAt, scoreItems } from './reward-parts.ts'

describe('scoreItems', () => {
  it('turns unusable data into failures and lets everything else through', () => {
    const [first, second] = scoreItems(2, i => {
      if (i === 1) throw new GuerdonError('invalid_input', 'no label')
      return { a: 1 }
    })
    expect(first).toEqual({ a: 1 })
    expect(second).toMatchObject({ status: 'failed', failure: { class: 'invalid_input', message: 'no label' } })
    expect(() =>
      scoreItems(1, () => {
        throw new GuerdonError('invalid_option', 'bad option')
      }),
    ).toThrow('bad option')
    expect(() =>
      scoreItems(1, () => {
        throw new TypeError('bug')
      }),
    ).toThrow('bug')
  })
})

describe('partSignals', () => {
  it('keeps parts apart; a missing part abstains, a NaN fails', () => {
    const columns = partSignals('rollout', [{ a: 1, b: undefined }, noScore('later'), { a: Number.NaN, b: 2 }], {
      a: 'rollout.a',
      b: 'rollout.b',
    })
    const at = (name: 'rollout.a' | 'rollout.b', i: number) => outcomeAt(columns[name], i)
    expect(at('rollout.a', 0)).toEqual({ status: 'scored', value: 1 })
    expect(at('rollout.b', 0)).toEqual({ status: 'abstained', reason: 'no b' })
    expect(at('rollout.b', 1)).toEqual({ status: 'abstained', reason: 'later' })
    expect(at('rollout.a', 2)).toMatchObject({ status: 'failed', failure: { class: 'range' } })
    expect(scoredAt(columns['rollout.a'], 2)).toBeUndefined()
    expect(scoredAt(undefined, 0)).toBeUndefined()
    expect(isUnscored({ a: 1 })).toBe(false)
  })
})

describe('policy tokens', () => {
  const batch = batchFromRollouts([
    { id: 'a', prompt: 'p', tokens: { mask: [1, 0, 1], logprobs: [-1, -2, -3] } },
    { id: 'b', prompt: 'p', tokens: { mask: [0], logprobs: [-4] } },
    { id: 'c', prompt: 'p', tokens: { logprobs: [null, -6] } },
  ])
  const positions = policyTokens(batch)

  it('finds them and their values, all or nothing', () => {
    expect(positions.map(row => [...row])).toEqual([[0, 2], [], [4, 5]])
    const logProbs = batch.columns.get('token.logprob') as Signal
    expect(tokenValues(logProbs, positions[0])).toEqual(Float64Array.of(-1, -3))
    expect(tokenValues(logProbs, positions[2])).toMatchObject({ status: 'abstained' })
    expect(tokenValues(logProbs, positions[1])).toEqual(new Float64Array(0))
    expect(logProbRows(batch, positions)(0)).toBeUndefined()
    const columns = new Map([...batch.columns, ['token.refLogprob', logProbs] as const])
    const rows = logProbRows({ ...batch, columns }, positions)
    expect(rows(0)).toEqual({ own: Float64Array.of(-1, -3), reference: Float64Array.of(-1, -3) })
    expect(rows(2)).toMatchObject({ status: 'abstained' })
  })

  it('places rows and outcomes', () => {
    const placed = placeOnPolicyTokens(batch, [[7, 8], [], noScore('none')], positions)
    expect([...placed.values]).toEqual([7, Number.NaN, 8, Number.NaN, Number.NaN, Number.NaN])
    expect(outcomeAt(placed, 4)).toEqual({ status: 'abstained', reason: 'none' })
    const failure = { class: 'timeout', message: 'judge' } as const
    const broken = placeOnPolicyTokens(batch, [[7, Number.NaN], [], { status: 'failed', failure }], positions)
    expect(outcomeAt(broken, 5)).toEqual({ status: 'failed', failure })
    expect(outcomeAt(broken, 2)).toMatchObject({ status: 'failed', failure: { class: 'range' } })
  })
})

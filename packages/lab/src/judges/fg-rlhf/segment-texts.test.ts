import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { trialOf } from '../../claims/trial-of.ts'
import { choicePolicy } from '../../toys/choice-policy.ts'
import { fgRlhf } from '../fg-rlhf.ts'
import { drawText, exactShares, judge, rowAt, segmentPolicy, textLength, tokenRewards } from './segment-texts.ts'

const rules = { relevant: new Set([0, 1, 2]), offset: 3 }
const weights = { relevance: 0.3, factuality: 0.5, completeness: 0.3 }
const scale = { mean: 0.5, std: 0.25, bias: 0 }

/** Segments that are relevant and factual, then neither, in turn; all middle tokens 7. */
const text = Int32Array.from({ length: textLength }, (_, place) => {
  const good = Math.floor(place / 3) % 2 === 0
  return [good ? 1 : 5, 7, good ? 4 : 5][place % 3]
})

describe('texts of segments', () => {
  it('are judged segment by segment', () => {
    const judged = judge(rules, text)
    expect(judged.relevant).toEqual([true, false, true, false, true, false, true, false])
    expect(judged.factual).toEqual(judged.relevant)
    expect(judged.completeness).toBe(1 / 8)
  })

  it('are paid where segments end, and for the whole at the last token', () => {
    const rewards = tokenRewards(judge(rules, text), weights, scale)
    expect(rewards[2]).toBeCloseTo(0.8, 12)
    expect(rewards[5]).toBeCloseTo(-0.8, 12)
    // completeness: 0.3·(0.125 − 0.5)/0.25 = −0.45
    expect(rewards[23]).toBeCloseTo(-0.8 - 0.45, 12)
    expect(rewards.filter(reward => reward !== 0)).toHaveLength(8)
    expect(tokenRewards(judge(rules, text), weights, scale, { early: 1 })[1]).toBeCloseTo(0.8, 12)
  })

  it('know their first token in the rest of a segment only', () => {
    expect(rowAt(text, 3)).toBe(24)
    expect(rowAt(text, 5)).toBe(5 * 8 + 5)
  })

  it('have exact shares', () => {
    const uniform = exactShares(segmentPolicy(), rules)
    expect(uniform.relevance).toBeCloseTo(3 / 8, 12)
    expect(uniform.factual).toBeCloseTo(1 / 8, 12)
    const knowing = choicePolicy(textLength * 8, 8, (row, choice) => {
      const place = Math.floor(row / 8)
      return place % 3 === 2 && choice === ((row % 8) + 3) % 8 ? 100 : 0
    })
    expect(exactShares(knowing, rules).factual).toBeCloseTo(1, 12)
    const drawn = judge(rules, drawText(knowing, new Random(1)))
    expect(drawn.factual.every(Boolean)).toBe(true)
  })
})

describe('fg-rlhf, mechanism', () => {
  const study = fgRlhf.studies.mechanism!

  it('is a function of the seed', async () => {
    const once = await study.run(trialOf(study, 'dense'))
    expect(await study.run(trialOf(study, 'dense'))).toEqual(once)
  })
})

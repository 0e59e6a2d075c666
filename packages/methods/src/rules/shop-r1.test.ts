import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  actionReward,
  readShopAction,
  readShopResponse,
  type ShopAction,
  selfCertainty,
  selfCertaintyFromEntropies,
  shopAdvantages,
  shopMonitor,
  shopR1Stage,
  shopReward,
} from './shop-r1.ts'

const click: ShopAction = { type: 'click', name: 'add to cart' }
const submit: ShopAction = { type: 'type_and_submit', name: 'search box', text: 'red rain coat' }
const response = (action: unknown): string => JSON.stringify({ rationale: 'I want it', action })

describe('actionReward', () => {
  it.each<[ShopAction, ShopAction, number, number, number]>([
    [{ type: 'terminate' }, { type: 'terminate', name: 'ignored' }, 0.3, 0, 0],
    [click, { type: 'terminate' }, 0, 0, 0],
    [click, { type: 'click', name: 'Add to Cart' }, 0.3, 0.2, 1000],
    // a wrong name still earns the attribute term, not the value term
    [click, { type: 'click', name: 'wish list' }, 0.3, 0.2, 0],
    [click, { type: 'click', name: ' ' }, 0.3, 0, 0],
    // LCS 3 of 4 and 3 words: P = 3/4, R = 1, F1 = 6/7 ≥ 0.75
    [click, { type: 'click', name: 'add to cart now' }, 0.3, 0.2, (1000 * 6) / 7],
    // only the text is multiplied; the field name keeps its 0.1
    [submit, submit, 0.3, 0.2, 0.1 + 1000],
    // red coat: P = 1, R = 2/3, F1 = 0.8
    [submit, { type: 'type_and_submit', text: 'red coat' }, 0.3, 0.1, 800],
    [{ type: 'scroll' }, { type: 'scroll' }, 0, 0, 0],
    [{ type: 'click', name: '' }, { type: 'click', name: '' }, 0.3, 0, 0],
  ])('%j against %j', (truth, prediction, type, attribute, value) => {
    const reward = actionReward(truth, prediction)
    expect(reward.type).toBeCloseTo(type, 12)
    expect(reward.attribute).toBeCloseTo(attribute, 12)
    expect(reward.value).toBeCloseTo(value, 9)
    expect(reward.total).toBeCloseTo(type + attribute + value, 9)
  })

  it('reads other scripts only with the Unicode tokeniser', () => {
    const truth = { type: 'click', name: '購入する' }
    expect(actionReward(truth, truth).value).toBe(0)
    expect(actionReward(truth, truth, { tokenise: 'unicode' }).value).toBe(1000)
  })

  it('never pays terminate more than 0.3, whatever the truth', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('click', 'type_and_submit', 'terminate'),
        fc.string(),
        fc.string(),
        (type, name, text) => {
          const reward = actionReward({ type, name, text }, { type: 'terminate', name, text })
          expect(reward.total).toBeLessThanOrEqual(0.3)
        },
      ),
    )
  })

  it('names options out of range', () => {
    expect(() => actionReward(click, click, { similarityThreshold: 2 })).toThrow('similarityThreshold in [0, 1]; got 2')
  })
})

describe('selfCertainty', () => {
  it('is 0 for uniform distributions and for none', () => {
    for (const mode of ['printed', 'meanKlToUniform', 'meanKlFromUniform'] as const) {
      expect(selfCertainty([[2, 2, 2]], { mode })).toBeCloseTo(0, 12)
      expect(selfCertainty([], { mode })).toBe(0)
    }
  })

  it('p = (3/4, 1/4): both divergences by hand', () => {
    const logits = [[Math.log(3), 0]]
    const toUniform = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5)
    expect(selfCertainty(logits)).toBeCloseTo(toUniform, 12)
    expect(selfCertainty(logits, { mode: 'printed' })).toBeCloseTo(toUniform / 2, 12)
    expect(selfCertainty(logits, { mode: 'meanKlFromUniform' })).toBeCloseTo(
      -0.5 * Math.log(1.5) - 0.5 * Math.log(0.5),
      12,
    )
  })

  it('equals log|V| minus the mean entropy', () => {
    const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25))
    expect(selfCertaintyFromEntropies([entropy], 2)).toBeCloseTo(selfCertainty([[Math.log(3), 0]]), 12)
    expect(selfCertaintyFromEntropies([], 2)).toBe(0)
  })

  it('takes a logit of −Infinity as a probability of 0', () => {
    const nucleus = [[0, 0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]]
    // Half the vocabulary at 1/2 each: KL(p ‖ U) = log 4 − log 2.
    expect(selfCertainty(nucleus)).toBeCloseTo(Math.log(2), 12)
    expect(selfCertainty(nucleus, { mode: 'printed' })).toBeCloseTo(Math.log(2) / 4, 12)
    expect(selfCertainty(nucleus, { mode: 'meanKlFromUniform' })).toBe(Number.POSITIVE_INFINITY)
    for (const bad of [[0, Number.NaN], [0, Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY], []])
      expect(() => selfCertainty([bad])).toThrow(/position 0/)
  })

  it('is not negative, and finite for finite logits', () => {
    const rows = fc.array(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 3, maxLength: 3 }))
    fc.assert(
      fc.property(rows, fc.constantFrom('printed', 'meanKlToUniform', 'meanKlFromUniform'), (logits, mode) => {
        expect(selfCertainty(logits, { mode: mode as 'printed' })).toBeGreaterThanOrEqual(-1e-9)
      }),
    )
  })
})

describe('shopReward', () => {
  it('gates every part on the format', () => {
    expect(shopReward('{"rationale": "x"}', click).total).toBe(0)
    expect(shopReward(`Sure! ${response(click)}`, click).total).toBe(0)
    expect(shopReward(`Sure! ${response(click)}`, click, {}, { parsing: 'outermost-object' }).total).toBe(1001)
    expect(readShopResponse('{"rationale": "x", "action": {"type": 3}}')).toBeUndefined()
  })

  it('adds alpha times the self-certainty and keeps it apart', () => {
    const reward = shopReward(response(click), click, { selfCertainty: 2 }, { alpha: 0.5 })
    expect(reward).toMatchObject({ format: 0.5, selfCertainty: 2, total: 1002 })
    expect(shopReward(response(click), click).selfCertainty).toBe(0)
  })

  it('terminate ends at 0.8', () => {
    expect(shopReward(response({ type: 'terminate' }), { type: 'terminate' }).total).toBeCloseTo(0.8, 12)
  })

  it('blames a malformed true action on the data', () => {
    expect(() => readShopAction('click')).toThrow('expected an action with a string "type"; got "click"')
  })
})

describe('shopAdvantages', () => {
  it('a jackpot leaves only hit or miss in the standardised advantages', () => {
    // h hits of G: hits → (1 − h/G)/σ, misses → −(h/G)/σ with σ² = h(G − h)/(G(G − 1))
    const [hits, size] = [2, 8]
    const sigma = Math.sqrt((hits * (size - hits)) / (size * (size - 1)))
    const rewards = [1e9, 1e9, 1, 0.5, 0.5, 0, 0.8, 0.3]
    const { standardised, meanOnly } = shopAdvantages(rewards)
    expect(standardised[0]).toBeCloseTo((1 - hits / size) / sigma, 6)
    expect(standardised[5]).toBeCloseTo(-hits / size / sigma, 6)
    expect(meanOnly[2] - meanOnly[5]).toBeCloseTo(1, 6)
  })

  it.each([[[]], [[3]], [new Array(15).fill(Math.fround(0.98))]])('no signal in %j', rewards => {
    expect([...shopAdvantages(rewards).standardised].every(value => value === 0)).toBe(true)
  })
})

describe('shopMonitor', () => {
  it('shows a policy that only terminates', () => {
    const truths = [{ type: 'terminate' }, { type: 'terminate' }, click, click]
    const predictions = [{ type: 'terminate' }, { type: 'terminate' }, { type: 'terminate' }, undefined]
    expect(shopMonitor(truths, predictions, ['a', 'a', 'b', 'b'])).toEqual({
      terminateShare: 0.75,
      exactByType: { terminate: 1, click: 0 },
      macroExact: 0.5,
      groupsWithHit: 0.5,
    })
    expect(shopMonitor([], [], []).macroExact).toBe(0)
  })
})

describe('stage', () => {
  const batch = batchFromRollouts([
    {
      id: 'a',
      prompt: 'p',
      response: response(click),
      reference: click,
      tokens: { entropies: [0, 1, 0.5] },
      columns: { rationaleSpan: [1, 3] },
    },
    { id: 'b', prompt: 'p', response: 'hm', reference: click },
    { id: 'c', prompt: 'p', response: response(click), reference: 'click' },
    { id: 'd', prompt: 'p', response: response(click) },
  ])

  it('takes self-certainty from entropies, abstains from it without', async () => {
    const stage = bindStage(shopR1Stage, { vocabularySize: 8, darsFactor: 1 })
    const { columns } = await stage.apply(batch, null)
    const certainty = columns['rollout.shopR1SelfCertainty'] as Signal
    expect(certainty.values[0]).toBeCloseTo(Math.log(8) - 0.75, 12)
    expect(outcomeAt(certainty, 1)).toMatchObject({ status: 'abstained' })
    const reward = columns['rollout.reward'] as Signal
    expect(reward.values[0]).toBeCloseTo(2 + 0.005 * (Math.log(8) - 0.75), 12)
    expect(outcomeAt(reward, 1)).toEqual({ status: 'scored', value: 0 })
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed' })
    expect(outcomeAt(reward, 3)).toMatchObject({ status: 'abstained' })
  })

  it('fails an item whose span leaves its tokens', async () => {
    const bad = batchFromRollouts([
      {
        id: 'a',
        prompt: 'p',
        response: response(click),
        reference: click,
        tokens: { entropies: [1] },
        columns: { rationaleSpan: [0, 2] },
      },
    ])
    const { columns } = await bindStage(shopR1Stage, { vocabularySize: 8 }).apply(bad, null)
    expect(outcomeAt(columns['rollout.reward'] as Signal, 0)).toMatchObject({
      failure: { message: 'expected rationaleSpan as [start, end) within 1 tokens; got [0,2]' },
    })
  })
})

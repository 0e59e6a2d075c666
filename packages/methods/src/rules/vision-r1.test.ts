import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Box } from '../shared/boxes.ts'
import {
  boxRewards,
  differentiate,
  dualFormatReward,
  type LabelledBox,
  matchBoxes,
  readBoxes,
  releasedBoxRewards,
  releasedFormatReward,
  releasedVisionReward,
  thresholdsAt,
  visionAdvantages,
  visionLoss,
  visionPhases,
  visionR1Stage,
  visionReward,
} from './vision-r1.ts'

const at = (box: Box, label = 'cat'): LabelledBox => ({ label, box })
const write = (...boxes: LabelledBox[]): string =>
  JSON.stringify(boxes.map(({ label, box }) => ({ bbox_2d: box, label })))
const cat = at([0, 0, 100, 100])
const dog = at([300, 0, 400, 100], 'dog')

describe('readBoxes', () => {
  it('skips what is malformed and keeps the rest', () => {
    const text =
      '[{"bbox_2d": [0, 0, 10, 10], "label": "a"}, {"bbox_2d": [5, 5, 5, 9], "label": "b"}, {"label": "c"}, 7]'
    expect(readBoxes(text)).toEqual([at([0, 0, 10, 10], 'a')])
  })

  it('rescues a truncated list', () => {
    const text = '```json\n[{"bbox_2d": [0, 0, 10, 10], "label": "a"}, {"bbox_2d": [1, 2, 3'
    expect(readBoxes(text)).toEqual([at([0, 0, 10, 10], 'a')])
    expect(readBoxes('[{"bbox_2d": [0, 0, 10.5, 10], "label": "a"}, {')).toEqual([])
  })

  it('scales to the image; only the released code cuts fractions', () => {
    const sizes = { image: [200, 50], input: [100, 100] } as const
    expect(readBoxes(write(at([1.5, 2, 11.5, 12])), { sizes })).toEqual([at([3, 1, 23, 6])])
    expect(readBoxes(write(at([1.5, 2, 11.5, 12])), { sizes, compat: 'released' })).toEqual([at([2, 1, 22, 6])])
  })
})

describe('formats', () => {
  it.each([
    ['[]', 1, 0],
    ['[{"box": [1, 2, 3]}]', 0, 1],
    ['{"bbox_2d": [1, 2, 3, 4], "label": "cat"}', 0, 1],
    ['[{"bbox_2d": [1, 2, 3], "label": "cat"}]', 0, 0],
    ['[{"bbox_2d": [9, 2, 3, 4], "label": "cat"}]', 0, 1],
    ['[{"bbox_2d": [1, 2, 999, 4], "label": "cat"}]', 0, 1],
    ['```json\n[{"bbox_2d": [1, 2, 3, 4], "label": "cat"}]\n```', 1, 1],
    ['a cat', 0, 0],
  ])('%s', (text, paper, released) => {
    expect(dualFormatReward(text, { image: [640, 480] })).toBe(paper)
    expect(releasedFormatReward(text, text === '[]' ? 0 : 1)).toBe(released)
  })
})

describe('matchBoxes', () => {
  it('pairs by distance; labels break ties only', () => {
    const swapped = [at(dog.box, 'cat'), at(cat.box, 'dog')]
    expect(matchBoxes(swapped, [cat, dog]).map(pair => pair.truth)).toEqual([1, 0])
    const twins = [at(cat.box, 'dog'), at(cat.box, 'cat')]
    expect(matchBoxes(twins, [cat]).map(pair => pair.predicted)).toEqual([1])
  })
})

describe('differentiate', () => {
  it('differs at the upper threshold only', () => {
    const f = (x: number) => differentiate(x, { lower: 0.5, upper: 0.75 })
    const g = (x: number) => differentiate(x, { lower: 0.5, upper: 0.75, boundary: 'strict' })
    expect([-0.3, 0.49, 0.5, 0.6, 0.75, 0.8].map(f)).toEqual([0, 0, 0.5, 0.6, 1, 1])
    expect([-0.3, 0.49, 0.5, 0.6, 0.75, 0.8].map(g)).toEqual([0, 0, 0.5, 0.6, 0.75, 1])
  })
})

describe('boxRewards', () => {
  // shifted by 20 of 100: IoU = 80/120 = 2/3
  const shifted = at([20, 0, 120, 100])

  it.each([
    [[cat, dog], [cat, dog], 1, 1],
    // recall f(1/2) = 1/2
    [[cat], [cat, dog], 0.5, 1],
    [[shifted], [cat], 1, 2 / 3],
    [[shifted, at([500, 500, 510, 510])], [cat], 1, 1 / 3],
    [[], [cat], 0, 0],
    [[cat], [], 0, 0],
    [[], [], 1, 1],
  ])('case %#', (predicted, truth, recall, precision) => {
    const rewards = boxRewards(predicted, truth)
    expect(rewards.recall).toBeCloseTo(recall, 12)
    expect(rewards.precision).toBeCloseTo(precision, 12)
  })

  it('tightens, divides by matches, wants labels when told', () => {
    expect(boxRewards([shifted], [cat], { thresholds: visionPhases.advanced })).toMatchObject({
      recall: 0,
      precision: 0,
    })
    const extra = [cat, at([500, 500, 510, 510])]
    expect(boxRewards(extra, [cat], { precisionDenominator: 'matched' }).precision).toBe(1)
    expect(boxRewards([at(cat.box, 'dog')], [cat]).precision).toBe(1)
    expect(boxRewards([at(cat.box, 'dog')], [cat], { requireLabelMatch: true }).precision).toBe(0)
  })

  const boxes = fc.array(
    fc
      .tuple(fc.nat(80), fc.nat(80), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
      .map(([x, y, w, h]) => at([x, y, x + w, y + h])),
    { maxLength: 4 },
  )
  it('stays in [0, 1], does not depend on the order, and a superfluous box never helps', () => {
    fc.assert(
      fc.property(boxes, boxes, (predicted, truth) => {
        const rewards = boxRewards(predicted, truth)
        for (const value of [rewards.recall, rewards.precision]) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
        }
        if (truth.length === 0) return
        const more = boxRewards([...predicted, at([900, 900, 905, 905])], truth)
        if (predicted.length >= truth.length) expect(more.precision).toBeLessThanOrEqual(rewards.precision + 1e-12)
      }),
    )
  })
})

describe('releasedBoxRewards', () => {
  // shifted by 20 of 100: IoU and GIoU 2/3; hull = union
  const shifted = at([20, 0, 120, 100])

  it('maps recall with (0.5, 0.75) in both phases and never charges superfluous boxes', () => {
    const rewards = (step: number | null, ...predicted: LabelledBox[]) =>
      releasedBoxRewards(predicted, [cat, dog], { step })
    expect(rewards(0, shifted)).toMatchObject({ recall: 0.5, precision: expect.closeTo(2 / 3, 12) })
    expect(rewards(1500, shifted)).toMatchObject({ recall: 0, precision: 0 })
    expect(rewards(null, shifted)).toMatchObject({ recall: 0.5, precision: expect.closeTo(2 / 3, 12) })
    expect(rewards(0, cat, dog, at([600, 0, 610, 10]))).toMatchObject({ recall: 1, precision: 1 })
    expect(rewards(0)).toMatchObject({ recall: 0, precision: 0 })
  })

  it('counts a negative GIoU as 0, not below', () => {
    expect(releasedBoxRewards([dog], [cat], { step: null })).toMatchObject({ recall: 0, precision: 0 })
  })
})

describe('rewards of a completion', () => {
  it('the paper and the release differ on superfluous boxes', () => {
    const text = write(cat, dog)
    expect(visionReward(text, [cat])).toMatchObject({ format: 1, recall: 1, precision: 0.5, total: 2.5 })
    expect(releasedVisionReward(text, [cat], { step: 0 }).total).toBe(3)
  })
})

describe('thresholdsAt', () => {
  it.each([
    [49, 0.5, 'initial'],
    [50, 0.5, 'advanced'],
    [0, 0, 'advanced'],
    [99, 1, 'initial'],
  ])('step %d of 100 at %d', (step, switchFraction, phase) => {
    expect(thresholdsAt(step, 100, { switchFraction }).phase).toBe(phase)
  })
})

describe('grpo', () => {
  it('advantages by hand, none without spread', () => {
    expect(visionAdvantages([0.5, 2.5])[1]).toBeCloseTo(1 / (Math.SQRT2 + 1e-4), 12)
    expect([...visionAdvantages([1])]).toEqual([0])
    expect([...visionAdvantages(new Array(15).fill(Math.fround(0.98)))]).toEqual(new Array(15).fill(0))
  })

  it('loss: value β·k3 − A, gradient −A/n plus the KL term, rows alike whatever their length', () => {
    const evaluate = interpret(
      valueAndGrad((logProbs: Tensor, refLogProbs: Tensor, advantages: Tensor, mask: Tensor) =>
        visionLoss({ logProbs, refLogProbs, advantages, mask }),
      ),
    )
    const f64 = (rows: number[][]) => ndarray(rows, { dtype: 'float64' })
    const { value, gradient } = evaluate(
      f64([
        [-1, -1],
        [-1, -9],
      ]),
      f64([
        [-1, -1],
        [-1 + Math.log(2), 5],
      ]),
      f64([
        [1, 1],
        [-2, -2],
      ]),
      f64([
        [1, 1],
        [1, 0],
      ]),
    )
    // second row: d = log 2, k3 = 2 − log 2 − 1, gradient of k3 is 1 − e^d = −1
    expect(value.data[0]).toBeCloseTo((-1 + (2 + 0.2 * (1 - Math.log(2)))) / 2, 7)
    const expected = [-0.25, -0.25, (2 - 0.2) / 2, 0]
    expected.forEach((want, i) => {
      expect(gradient.data[i]).toBeCloseTo(want, 7)
    })
  })
})

describe('stage', () => {
  const batch = batchFromRollouts([
    { id: 'a', prompt: 'p', response: write(cat, dog), reference: [cat] },
    { id: 'b', prompt: 'p', response: write(at([20, 0, 120, 100])), reference: [cat], columns: { step: 60 } },
    { id: 'c', prompt: 'p', response: '[]', reference: [{ label: 'cat' }] },
    { id: 'd', prompt: 'p', response: '[]', reference: [cat], columns: { inputSize: [1, 1] } },
    {
      id: 'e',
      prompt: 'p',
      response: write(at([0, 0, 10, 10])),
      reference: [cat],
      columns: { inputSize: [64, 48], imageSize: [640, 480] },
    },
  ])

  it('switches by the step of each rollout, rescales, fails bad data', async () => {
    const { columns } = await bindStage(visionR1Stage, { totalSteps: 100 }).apply(batch, null)
    const reward = columns['rollout.reward'] as Signal
    expect([0, 1, 4].map(i => reward.values[i])).toEqual([2.5, 1, 3])
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    expect(outcomeAt(reward, 3)).toMatchObject({ failure: { message: expect.stringContaining('imageSize') } })
  })

  it('reproduces the release on request', async () => {
    const { columns } = await bindStage(visionR1Stage, { compat: 'released', adaptive: false }).apply(batch, null)
    expect((columns['rollout.reward'] as Signal).values[0]).toBe(3)
  })
})

describe('released reading of completions', () => {
  const whole = { label: 'a', box: [0, 0, 10, 10] }

  it.each([
    // The text ends at the next three backticks wherever they stand, also without an opening fence.
    ['[{"label":"a","bbox_2d":[0,0,10,10]}]\n```', [whole]],
    // A fence of another kind leaves nothing before its backticks, and this spelling cannot be rescued.
    ['```\n[{"label":"a","bbox_2d":[0,0,10,10]}]\n```', []],
    // Texts of digits and truth values are integers to Python; null, lists and other texts are not.
    ['[{"bbox_2d": ["0", " 0 ", "10", 10.9], "label": "a"}]', [whole]],
    ['[{"bbox_2d": [false, 0, 10, 10], "label": "a"}]', [whole]],
    ['[{"bbox_2d": [null, 0, 10, 10], "label": "a"}]', []],
    ['[{"bbox_2d": ["", 0, 10, 10], "label": "a"}, {"bbox_2d": [[], 0, 10, 10], "label": "a"}]', []],
    // NaN is read and costs its own item only.
    ['[{"bbox_2d": [NaN, 0, 10, 10], "label": "b"}, {"bbox_2d": [0, 0, 10, 10], "label": "a"}]', [whole]],
    ['[{"bbox_2d": [0, 0, 10, 10]}]', [{ label: '', box: [0, 0, 10, 10] }]],
  ])('%j', (text, expected) => {
    expect(readBoxes(text, { compat: 'released' })).toEqual(expected)
  })

  it('takes fences out anywhere before the format is checked', () => {
    expect(releasedFormatReward('  ```json\n[]\n```\n', 1)).toBe(1)
    expect(releasedFormatReward('[{"bbox_2d": [NaN, 1, 2, 3], "label": "a"}]', 1)).toBe(1)
  })
})

describe('labels', () => {
  // Both predictions are equally far (20) from both objects and overlap them alike: only the class can tell them apart.
  const predicted = [at([0, 0, 10, 10], ' CAT '), at([0, 0, 10, 10], 'hound')]
  const truth = [at([10, 0, 20, 10], 'dog'), at([10, 0, 20, 10], 'cat')]

  it('ignore case and outer white space, and are equal when their numbers are', () => {
    expect(matchBoxes(predicted, truth)[0]).toMatchObject({ predicted: 0, truth: 1 })
    const labelIds = { Cat: 1, dog: 2, hound: 2 }
    expect(matchBoxes(predicted, truth, { labelIds }).map(pair => pair.truth)).toEqual([1, 0])
    const overlapping = boxRewards([at([10, 0, 20, 10], 'hound')], [truth[0]], { requireLabelMatch: true })
    expect(overlapping.recall).toBe(0)
    expect(boxRewards([at([10, 0, 20, 10], 'hound')], [truth[0]], { requireLabelMatch: true, labelIds }).recall).toBe(1)
  })

  it('that are not listed equal nothing', () => {
    const options = { requireLabelMatch: true, labelIds: { cat: 1 } }
    expect(boxRewards([at([0, 0, 9, 9], 'zebra')], [at([0, 0, 9, 9], 'zebra')], options).precision).toBe(0)
  })
})

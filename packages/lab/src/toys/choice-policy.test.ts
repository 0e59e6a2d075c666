import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { ascendChoices, choicePolicy, choiceProbabilities, draw } from './choice-policy.ts'

describe('a table of choices', () => {
  it('draws by its logits', () => {
    const policy = choicePolicy(2, 2, (prompt, choice) => (prompt === 1 && choice === 1 ? Math.log(3) : 0))
    expect([...choiceProbabilities(policy, 0)]).toEqual([0.5, 0.5])
    expect(choiceProbabilities(policy, 1)[1]).toBeCloseTo(0.75, 12)
    const random = new Random(1)
    const ones = Array.from({ length: 4000 }, () => draw(policy, 1, random)).filter(choice => choice === 1).length
    expect(Math.abs(ones / 4000 - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / 4000))
  })

  it('ascends every prompt by the mean over its own draws', () => {
    // uniform over 2: ∇ log π(0) = (½, −½). Prompt 0: A = 1 and 0 → mean (¼, −¼); prompt 1: A = 2 → (1, −1)
    const policy = choicePolicy(3, 2, () => 0)
    const drawn = [
      { prompt: 0, choice: 0, advantage: 1 },
      { prompt: 0, choice: 1, advantage: 0 },
      { prompt: 1, choice: 0, advantage: 2 },
    ]
    ascendChoices(policy, drawn, 0.1)
    const expected = [0.025, -0.025, 0.1, -0.1, 0, 0]
    expect([...policy.logits]).toEqual(expected.map(value => expect.closeTo(value, 12)))
  })
})

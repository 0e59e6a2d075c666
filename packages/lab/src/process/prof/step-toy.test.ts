import { mean, Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { choicePolicy } from '../../toys/choice-policy.ts'
import { expectedOf, prompts, rollOut, type StepPolicy, slots, stepPolicy } from './step-toy.ts'

const always = (action: number, padding: number): StepPolicy => ({
  slots: choicePolicy(prompts * slots, 3, (_, choice) => (choice === action ? 1000 : 0)),
  padding: choicePolicy(prompts, 4, (_, choice) => (choice === padding ? 1000 : 0)),
})

describe('responses of sound, flawed and breaking steps', () => {
  it('have their exact accuracy, flaws and steps', () => {
    expect(expectedOf(always(0, 0))).toEqual({ accuracy: 0.97, flawed: 0, steps: 4 })
    const flawed = expectedOf(always(1, 2))
    expect(flawed.accuracy).toBeCloseTo(0.97 * 0.85 ** 4 * 0.85, 12)
    expect([flawed.flawed, flawed.steps]).toEqual([1, 14])
    // uniform: mean factors (1 + 0.85 + 0.3)/3 and (1 + 0.97 + 0.85 + 0.7)/4; sound with (1/3)⁴ ÷ (2.15/3)⁴
    const uniform = expectedOf({
      slots: choicePolicy(prompts * slots, 3, () => 0),
      padding: choicePolicy(prompts, 4, () => 0),
    })
    expect(uniform.accuracy).toBeCloseTo(0.97 * (2.15 / 3) ** 4 * 0.88, 12)
    expect(uniform.flawed).toBeCloseTo(1 - 1 / 2.15 ** 4, 12)
    expect(uniform.steps).toBeCloseTo(4 + 33 / 4, 12)
  })

  it('are judged by a process model that likes trivial steps most', () => {
    const random = new Random(1)
    const { stepScores } = rollOut(always(2, 1), 0, random)
    expect(stepScores.slice(4)).toEqual([0.97, 0.97, 0.97])
    const sound = Array.from({ length: 300 }, () => mean(rollOut(always(0, 0), 0, random).stepScores))
    expect(mean(sound)).toBeGreaterThan(0.72)
    expect(mean(sound)).toBeLessThan(0.77)
  })

  it('are the same for a seed', () => {
    const roll = (seed: number) => rollOut(stepPolicy(new Random(4)), 3, new Random(seed))
    expect(roll(7)).toEqual(roll(7))
  })
})

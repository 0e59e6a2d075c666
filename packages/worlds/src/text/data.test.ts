import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { demonstrations, type PairSource, preferencePairs } from './data.ts'
import { guiWorld } from './gui.ts'
import { longFormWorld } from './long-form.ts'
import { answerFeatures, drawUsers, preferenceVocabulary, userPreferences } from './preferences.ts'

const numbers: PairSource<{ id: string }> = {
  task: random => ({ id: `t${random.integer(3)}` }),
  prompt: () => [1],
  candidate: (_, random) => [random.integer(10)],
  judged: (_, answer) => ({ utility: answer[0], length: 1, praise: 0, kind: 0 }),
}

describe('pairs', () => {
  it('put the better first when annotators are sure, whatever the order of the candidates', () => {
    const pairs = preferencePairs(numbers, { count: 200, random: new Random(1), annotator: { temperature: 1e-3 } })
    expect(pairs.every(({ chosen, rejected, margin }) => margin === chosen[0] - rejected[0] && margin > 0)).toBe(true)
    expect(new Set(pairs.map(({ task }) => task))).toEqual(new Set(['t0', 't1', 't2']))
    expect(pairs[0]).not.toHaveProperty('user')
  })

  it('mark ties, and refuse candidates that never differ', () => {
    const random = new Random(1)
    const tied = preferencePairs(numbers, { count: 50, random, annotator: { tieMargin: 20, temperature: 0.1 } })
    expect(tied.every(({ tie }) => tie)).toBe(true)
    const constant = { ...numbers, candidate: () => [4] }
    expect(() => preferencePairs(constant, { count: 1, random })).toThrow(
      expect.objectContaining({ code: 'invalid_input', path: ['candidate'] }),
    )
    expect(preferencePairs(constant, { count: 0, random })).toEqual([])
  })

  /** Logistic regression without intercept, by gradient ascent from zero. */
  const fitted = (rows: readonly (readonly number[])[]): number[] => {
    const weights = rows[0].map(() => 0)
    for (let pass = 0; pass < 200; pass++) {
      const gradient = weights.map(() => 0)
      for (const row of rows) {
        const rest = 1 / (1 + Math.exp(dot(row, weights)))
        row.forEach((value, i) => {
          gradient[i] += (rest * value) / rows.length
        })
      }
      gradient.forEach((value, i) => {
        weights[i] += 5 * value
      })
    }
    return weights
  }
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0)

  it('of opposite users teach one model little of their taste, and one model each nearly all there is to learn', () => {
    const users = drawUsers({ count: 2, kind: 'opposite', random: new Random(1) })
    const pairs = userPreferences({ users, count: 1200, random: new Random(2), annotator: { temperature: 0.1 } })
    const rows = pairs.map(({ user, prompt, chosen, rejected, margin }) => {
      const [a, b] = [chosen, rejected].map(answer => {
        const found = answerFeatures(preferenceVocabulary.tokens[prompt[1]], answer)
        return [...found.attributes, Number(found.onTopic), found.offTopic, found.praise, found.repetitions]
      })
      return { user, margin, difference: a.map((value, i) => value - b[i]) }
    })
    const accuracy = (own: typeof rows): number => {
      const [seen, unseen] = [own.slice(0, own.length / 2), own.slice(own.length / 2)]
      const weights = fitted(seen.map(({ difference }) => difference))
      return unseen.filter(({ difference }) => dot(difference, weights) > 0).length / unseen.length
    }
    // Whoever knows the utilities is right with probability σ(|margin|/τ); ties in utility are right half the time.
    const best = rows.reduce((sum, { margin }) => sum + 1 / (1 + Math.exp(-Math.abs(margin) / 0.1)), 0) / rows.length
    const own = users.map(({ name }) => accuracy(rows.filter(({ user }) => user === name)))
    // Three standard errors of 300 pairs at 0.9.
    for (const share of own) expect(share).toBeGreaterThan(best - 0.052)
    expect(accuracy(rows)).toBeLessThan(Math.min(...own) - 0.2)
  })
})

describe('demonstrations', () => {
  it('are the same for the same seed, of the levels asked for', () => {
    const draw = () => demonstrations(guiWorld, { count: 20, random: new Random(3), levels: [0, 2], mistakes: 0.3 })
    const shown = draw()
    expect(draw()).toEqual(shown)
    expect(new Set(shown.map(({ level }) => level))).toEqual(new Set([0, 2]))
    expect(shown.every(({ turns }) => turns[0].observation.length > 0 && turns[0].action.length > 1)).toBe(true)
  })

  it('are all right without mistakes, and need a list of actions with them', () => {
    const random = new Random(3)
    expect(demonstrations(longFormWorld(), { count: 20, random }).every(({ correct }) => correct)).toBe(true)
    expect(() => demonstrations(longFormWorld(), { count: 1, random, mistakes: 0.1 })).toThrow(
      expect.objectContaining({ code: 'unsupported' }),
    )
    expect(() => demonstrations(guiWorld, { count: 1, random, mistakes: 2 })).toThrow(/mistakes/)
  })
})

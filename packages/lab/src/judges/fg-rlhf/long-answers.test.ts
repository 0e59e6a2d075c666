import { Random } from '@guerdon/core'
import { rewardModel } from '@guerdon/learn'
import { type LongFormTask, longFormVocabulary } from '@guerdon/worlds/text/long-form'
import { writeAction } from '@guerdon/worlds/text/turns'
import { describe, expect, it } from 'vitest'
import { type Answer, comparedPairs, type Judges, sentenceExamples, type WholeJudge } from './answer-judges.ts'
import { headAccuracies, isFaultless, type Pay, payAnswers, sentenceSum, shuffledVerdicts } from './answer-rewards.ts'
import { draftAnswer, drawQuestions, drawTown, promptOf, summarise, townWorld, truthOf } from './long-answers.ts'

const task: LongFormTask = {
  id: 'by hand',
  level: 0,
  passage: [
    { place: 'bridge', quality: 'old', relation: null },
    { place: 'market', quality: 'red', relation: null },
    { place: 'mill', quality: 'tall', relation: null },
  ],
  rumours: [],
  asked: ['bridge', 'market'],
}
const write = (text: string): Int32Array => writeAction(longFormVocabulary, text)
const answer = (text: string): Answer => ({ task, tokens: write(text) })

describe('answers about a town', () => {
  it.each([
    ['bridge is old . market is red .', [true, true], [true, true], 1, 1],
    ['bridge is new . bridge is old . bridge is old .', [true, true, false], [false, true, true], 0.5, -0.25],
    ['mill is tall . . market is old .', [false, false, true], [true, false, false], 0, -1],
    ['bridge .', [true], [false], 0, 0],
    ['', [], [], 0, 0],
  ])('"%s" is labelled', (text, relevant, factual, coverage, reward) => {
    const truth = truthOf(task, write(text))
    expect(truth.sentences.map(sentence => sentence.relevant)).toEqual(relevant)
    expect(truth.sentences.map(sentence => sentence.factual)).toEqual(factual)
    expect(truth.coverage).toBe(coverage)
    expect(truth.reward).toBeCloseTo(reward, 12)
  })

  it('end their sentences with full stops, but for one that was cut', () => {
    const cut = truthOf(task, write('bridge is old . market is').subarray(0, 6))
    expect(cut.sentences.map(({ end, closed }) => [end, closed])).toEqual([
      [3, true],
      [5, false],
    ])
  })

  it('are summed up over sentences, not over answers', () => {
    const truths = ['bridge is old . market is old . mill is tall .', 'market is red .'].map(text =>
      truthOf(task, write(text)),
    )
    expect(summarise(truths)).toEqual({
      factual: 3 / 4,
      relevant: 3 / 4,
      sound: 2 / 4,
      covered: 0.5,
      sentences: 2,
      // (1 − 1 − ½)/2 and 1/2
      gold: (-0.25 + 0.5) / 2,
    })
  })

  it('are asked for without the passage, and drafted with and without faults', () => {
    const random = new Random(1)
    const questions = drawQuestions(drawTown(random), 3, random)
    const world = townWorld(questions, { omit: 0, unsupported: 0, irrelevant: 0, repeat: 0 })
    expect(questions.map(({ passage }) => passage.length)).toEqual([8, 8, 8])
    expect(longFormVocabulary.decode(promptOf(task))).toBe('describe bridge market')
    for (const question of questions) {
      expect(world.observe(world.start(question))).toEqual(promptOf(question))
      const step = world.step(world.start(question), world.expert(world.start(question), random))
      expect(step).toMatchObject({ reward: 1, correct: true })
      const long = draftAnswer(question, random, { omit: 0, unsupported: 1, irrelevant: 1, repeat: 1 })
      expect(long).toHaveLength(world.maximumActionLength)
    }
  })
})

describe('annotations', () => {
  it('label the closed sentences of answers that have any', () => {
    const examples = sentenceExamples([answer('bridge is old . mill is new .'), answer('')])
    expect(examples.map(({ labels }) => labels)).toEqual([
      [
        [1, 0],
        [1, 0],
      ],
    ])
  })

  it('compare answers to one question, the better first, without ties', () => {
    const [good, half, none] = ['bridge is old . market is red .', 'bridge is old .', ''].map(answer)
    const coverage = ({ tokens }: Answer): number => truthOf(task, tokens).coverage
    expect(comparedPairs([[half, good, half], [none]], coverage)).toEqual([
      [good, half],
      [good, half],
    ])
  })
})

describe('pay', () => {
  const ends = [3, 7, 11]
  const said = {
    relevance: { ends, ok: [true, false, null] },
    factuality: { ends, ok: [true, true, false] },
  }

  it('sums the verdicts by weight', () => {
    // relevance 0.3 − 0.3, factuality 0.5 + 0.5 − 0.5
    expect(sentenceSum(said)).toBeCloseTo(0.5, 12)
  })

  it('hands verdicts to other sentences, both heads alike, and keeps their sum', () => {
    const random = new Random(1)
    const shuffles = Array.from({ length: 20 }, () => shuffledVerdicts(said, random))
    const pairs = shuffles.map(({ relevance, factuality }) => relevance.ok.map((ok, s) => `${ok} ${factuality.ok[s]}`))
    expect(new Set(pairs.map(list => list.join())).size).toBe(6)
    for (const list of pairs) expect([...list].sort()).toEqual(['false true', 'null false', 'true true'])
    for (const shuffled of shuffles) {
      expect(shuffled.relevance.ends).toEqual(ends)
      expect(sentenceSum(shuffled)).toBeCloseTo(0.5, 12)
    }
  })

  /** Relevant when it speaks of the bridge, factual when it does not say "old"; the whole is worth its tokens. */
  const judged = (score: (tokens: readonly number[]) => number): WholeJudge => ({
    model: rewardModel('tokens', async requests =>
      requests.map(({ candidate }) => ({ score: score(Array.from(candidate)) })),
    ),
    scale: { mean: 1, std: 2, scale: 1, bias: 0 },
    accuracy: 1,
  })
  const judges: Judges = {
    sentences: rewardModel('sentences', async requests =>
      requests.map(({ candidate }) => {
        const sentences = longFormVocabulary.decode(candidate).split('.').slice(0, -1)
        const decisions = {
          relevance: sentences.map(sentence => sentence.includes('bridge')),
          factuality: sentences.map(sentence => !sentence.includes('old')),
        }
        return { score: 0, decisions }
      }),
    ),
    completeness: judged(tokens => tokens.length),
    preference: judged(() => 7),
    labels: { sentences: 1, completeness: 1, preference: 1 },
  }
  const paid = async (pay: Pay) => {
    const { segments } = await payAnswers(pay, judges, [answer('bridge is old . mill is new .'), answer('')], random)
    return segments.map(({ relevance, factuality, completeness }) => [relevance.ok, factuality.ok, completeness])
  }
  const random = new Random(2)

  it('is where sentences end, or all of it at the last token', async () => {
    // 9 tokens with the end token, and 1
    expect(await paid('dense')).toEqual([
      [[true, false], [false, true], 9],
      [[], [], 1],
    ])
    // 0.3 − 0.3 − 0.5 + 0.5 + (9 − 1)/2, and 0
    expect(await paid('sum')).toEqual([
      [[], [], 4],
      [[], [], 0],
    ])
    expect(await paid('preference')).toEqual([
      [[], [], 3],
      [[], [], 3],
    ])
    expect(await paid('outcome')).toEqual([
      [[], [], 0],
      [[], [], 0],
    ])
    expect(await headAccuracies(judges, [answer('bridge is old . mill is new .'), answer('')])).toEqual({
      relevanceAccuracy: 1,
      factualityAccuracy: 0,
    })
  })

  it('has an outcome only for answers without any fault', () => {
    expect(isFaultless(answer('market is red . bridge is old .'))).toBe(true)
    expect(isFaultless(answer('market is red .'))).toBe(false)
    expect(isFaultless(answer('market is red . bridge is old . mill is tall .'))).toBe(false)
  })
})

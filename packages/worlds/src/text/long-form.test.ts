import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import {
  annotatedAnswer,
  annotateLongForm,
  draftLongForm,
  type LongFormTask,
  longFormFeedback,
  longFormLabels,
  longFormPairs,
  longFormReward,
  longFormVocabulary,
  longFormWorld,
} from './long-form.ts'
import { readAction, writeAction } from './turns.ts'

const task: LongFormTask = {
  id: 'by hand',
  level: 2,
  passage: [
    { place: 'bridge', quality: 'old', relation: ['near', 'market'] },
    { place: 'market', quality: 'red', relation: null },
    { place: 'mill', quality: 'tall', relation: ['behind', 'bridge'] },
  ],
  rumours: [{ place: 'bridge', quality: 'small' }],
  asked: ['bridge', 'market'],
}
const write = (text: string): Int32Array => writeAction(longFormVocabulary, text)
const labels = (text: string) => longFormLabels(task, readAction(longFormVocabulary, write(text)))

describe('labels of segments', () => {
  // Three facts are asked for: bridge is old, bridge near market, market is red.
  it.each([
    ['bridge is old near market . market is red .', [null, null], [false, false], 0, 1],
    ['the bridge is old , and near market . market is red .', [null, 'incoherent', null], [false, false], 1, 0.5],
    ['bridge is old , bridge near market , market is red .', [null, null, null], [false], 0, 1],
    ['bridge is new . market is red .', [null, null], [true, false], 2, 0],
    ['bridge is small .', [null], [true], 3, -1 / 3],
    ['mill is tall . bridge is old .', ['not asked', null], [false, false], 2, 0.5 / 3],
    ['bridge is old . bridge is old .', [null, 'repeated'], [false, false], 2, 0.5 / 3],
    ['school is red .', ['not asked'], [true], 3, -1.5 / 3],
    ['bridge .', [null], [false], 3, 0],
    ['', [], [], 3, 0],
    ['. , .', ['incoherent', 'incoherent', 'incoherent'], [false, false], 3, -0.5],
  ])('of "%s"', (text, reasons, unsupported, missing, reward) => {
    const found = labels(text)
    expect(found.clauses.map(({ reason }) => reason)).toEqual(reasons)
    expect(found.sentences.map(sentence => sentence.unsupported)).toEqual(unsupported)
    expect(found.missing).toHaveLength(missing)
    expect(longFormReward(found)).toBeCloseTo(reward, 12)
  })

  it('tell the atomic facts of a clause, with what nobody can verify', () => {
    expect(labels('bridge is small near tower .').clauses[0].facts).toEqual([
      { type: 'object', text: 'bridge', consistent: true },
      { type: 'attribute', text: 'bridge is small', consistent: null },
      { type: 'object', text: 'tower', consistent: false },
      { type: 'relation', text: 'bridge near tower', consistent: false },
    ])
  })

  it('cover the answer without gaps, clauses within their sentences', () => {
    const random = new Random(1)
    const world = longFormWorld()
    for (let i = 0; i < 200; i++) {
      const drawn = world.task(i % world.levels, random)
      const { words, complete } = readAction(longFormVocabulary, draftLongForm(drawn, random))
      const { clauses, sentences, finished } = longFormLabels(drawn, { words, complete })
      expect(finished).toBe(true)
      for (const spans of [clauses, sentences]) {
        expect(spans.map(({ start }) => start)).toEqual([0, ...spans.map(({ end }) => end)].slice(0, spans.length))
        expect(spans.at(-1)?.end ?? 0).toBe(words.length)
      }
      for (const { start, end, sentence } of clauses) {
        expect(start).toBeGreaterThanOrEqual(sentences[sentence].start)
        expect(end).toBeLessThanOrEqual(sentences[sentence].end)
      }
    }
  })

  it('take a point off an answer that was cut, and its last clause still counts', () => {
    const cut = longFormLabels(task, { words: ['bridge', 'is', 'old'], complete: false })
    expect(longFormReward(cut)).toBeCloseTo(1 / 3 - 1, 12)
  })
})

describe('annotators', () => {
  it('see what is there when they do not err', () => {
    const gold = labels('bridge is new . mill is tall .')
    expect(annotateLongForm(gold, {}, new Random(1))).toEqual(gold)
  })

  it('turn every label when they always err', () => {
    const always = { miss: 1, falseAlarm: 1 }
    const gold = labels('bridge is new near market . mill is tall .')
    const noise = { irrelevant: always, unsupported: always, missing: always, facts: always }
    const turned = annotateLongForm(gold, noise, new Random(1))
    expect(turned.clauses.map(({ irrelevant }) => irrelevant)).toEqual([true, false])
    expect(turned.sentences.map(({ unsupported }) => unsupported)).toEqual([false, true])
    expect(turned.missing).toEqual(['bridge near market'])
    expect(turned.clauses[0].facts.map(({ consistent }) => consistent)).toEqual([false, true, false, false])
  })

  it('err as often as told', () => {
    const rates = { miss: 0.2, falseAlarm: 0.05 }
    const rows = longFormFeedback({ count: 600, level: 2, random: new Random(2), noise: { unsupported: rates } })
    const counts = { missed: 0, errors: 0, alarms: 0, clean: 0 }
    for (const { annotated, gold } of rows) {
      expect(annotated.missing).toEqual(gold.missing)
      gold.sentences.forEach(({ unsupported }, i) => {
        const seen = annotated.sentences[i].unsupported
        counts[unsupported ? 'errors' : 'clean']++
        if (unsupported && !seen) counts.missed++
        if (!unsupported && seen) counts.alarms++
      })
    }
    const within = (hits: number, n: number, p: number): void =>
      expect(Math.abs(hits / n - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n))
    within(counts.missed, counts.errors, 0.2)
    within(counts.alarms, counts.clean, 0.05)
  })

  it('refuse rates that are none', () => {
    expect(() => annotateLongForm(labels('bridge .'), { irrelevant: { miss: 2 } }, new Random(1))).toThrow(/miss/)
  })
})

describe('feedback records', () => {
  it('name spans of the text by character', () => {
    const row = annotatedAnswer(task, write('bridge is new , bridge is new . mill is tall .'), {
      noise: {},
      random: new Random(1),
    })
    expect(row.errors.map(({ start, end, category }) => [category, row.prediction.slice(start, end)])).toEqual([
      ['relevance', 'bridge is new .'],
      ['relevance', 'mill is tall .'],
      ['factuality', 'bridge is new , bridge is new .'],
    ])
    expect(row.factLabels).toEqual([
      [0, 1, -1],
      [0, 1, -1],
      [0, 0, -1],
    ])
    expect(row.missing).toEqual(['bridge is old', 'bridge near market', 'market is red'])
  })

  it('are plain data with every kind of error, the same for the same seed', () => {
    const rows = longFormFeedback({ count: 200, level: 3, random: new Random(5) })
    expect(longFormFeedback({ count: 200, level: 3, random: new Random(5) })).toEqual(rows)
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows)
    const reasons = new Set(rows.flatMap(({ gold }) => gold.clauses.map(({ reason }) => reason)))
    expect(reasons).toEqual(new Set([null, 'not asked', 'repeated']))
    expect(rows.some(({ gold }) => gold.missing.length > 0)).toBe(true)
    expect(rows.some(({ factLabels }) => factLabels.some(triple => triple[2] === 1))).toBe(true)
    const { maximumActionLength } = longFormWorld()
    expect(Math.max(...rows.map(({ response }) => response.length))).toBeLessThanOrEqual(maximumActionLength)
  })

  it('make pairs whose margin is the difference of the gold rewards', () => {
    const pairs = longFormPairs({ count: 100, level: 2, random: new Random(6), annotator: { temperature: 0.05 } })
    expect(pairs.filter(({ margin }) => margin < 0).length).toBeLessThan(10)
    expect(pairs.every(({ chosen, rejected }) => chosen.join() !== rejected.join())).toBe(true)
  })
})

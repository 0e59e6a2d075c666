import { numbers, Random, type RolloutBatch, signal, withColumns } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { forkAtTurn } from './episode.ts'
import { episodeBatch } from './episode-batch.ts'
import { createEpisodeSampler } from './episode-sampler.ts'
import { expertEpisodes } from './expert-episodes.ts'
import { echoWorld } from './fixtures/echo-world.ts'
import { truncatedImportanceWeights } from './off-policy.ts'
import { initialPolicy } from './policy.ts'
import { demonstrationRows, tokenColumn, tokenRows, trainingRows } from './training-rows.ts'

const config = { vocabularySize: echoWorld.vocabulary.size, maximumLength: 32, width: 8, layers: 1, heads: 2 }
const tasks = [0, 2, 3].map(level => echoWorld.task(level, new Random(level)))
const sample = createEpisodeSampler(echoWorld, { config })
const episodes = await sample(
  initialPolicy(config, new Random(1)),
  tasks.map(task => ({ task })),
  new Random(2),
  { fork: forkAtTurn(1, 2) },
)
const played = episodeBatch(episodes)
const advantage = (batch: RolloutBatch, value: (token: number) => number) =>
  withColumns(batch, {
    'token.advantage': signal(
      'token',
      Float64Array.from(numbers(batch, 'token.id').values, (_, t) => value(t)),
    ),
  })

describe('rows to train on', () => {
  const rows = trainingRows(
    advantage(played, t => t + 0.5),
    config,
  )

  it('place each token where it is predicted, and leave out what the policy did not write', () => {
    expect(rows.count).toBe(episodes.length)
    expect(rows.width % 16).toBe(0)
    for (const [r, episode] of episodes.entries()) {
      expect(Array.from(rows.tokens.subarray(r * rows.width, r * rows.width + episode.tokens.length))).toEqual(
        Array.from(episode.tokens),
      )
      for (let t = 1; t < rows.width; t++) {
        const at = r * (rows.width - 1) + t - 1
        expect(rows.mask[at]).toBe(episode.drawn[t] ?? 0)
        expect(rows.advantages[at]).toBe(episode.drawn[t] ? played.tokenOffsets[r] + t + 0.5 : 0)
        expect(rows.logProbs[at]).toBe(episode.logProbs[t] ?? 0)
      }
    }
  })

  it('count tokens that a tree shares once, when told to', () => {
    const once = trainingRows(
      advantage(played, () => 1),
      { ...config, sharedPrefix: 'once' },
    )
    const own = episodes.reduce(
      (sum, { drawn, forkStep }) => sum + drawn.subarray(forkStep).reduce((a, b) => a + b, 0),
      0,
    )
    const total = (mask: Float32Array) => mask.reduce((a, b) => a + b, 0)
    expect(total(once.mask)).toBe(own)
    expect(total(rows.mask)).toBeGreaterThan(own)
  })

  it('are filled up with rows of padding', () => {
    const filled = tokenRows(played, { ...config, rowStep: 8, widthStep: 32 })
    expect([filled.count, filled.width]).toEqual([8, 32])
    expect(filled.tokens.subarray(episodes.length * 32).every(token => token === 0)).toBe(true)
  })

  it('become a token column again', () => {
    const column = tokenColumn(played, rows, rows.logProbs)
    expect(Array.from(column.values)).toEqual(Array.from(numbers(played, 'token.logprob').values))
  })

  it('name rollout, turn and token of an advantage that is no number', () => {
    const at = played.tokenOffsets[2] + episodes[2].turns[1].actionStart
    const broken = advantage(played, () => 0)
    numbers(broken, 'token.advantage').values[at] = Number.NaN
    expect(() => trainingRows(broken, config)).toThrow(
      `expected finite numbers in token.advantage; got NaN — rollout ${episodes[2].id}, turn 1, token ${episodes[2].turns[1].actionStart}`,
    )
  })

  it('leave out tokens whose advantage abstained', () => {
    const column = signal('token', new Float64Array(numbers(played, 'token.id').values.length))
    column.status.fill(1)
    expect(trainingRows(withColumns(played, { 'token.advantage': column }), config).mask.some(Boolean)).toBe(false)
  })

  it('are refused when a rollout is too long', () => {
    expect(() => tokenRows(played, { maximumLength: 4 })).toThrow(/at most 4 tokens a rollout; rollout .* has \d+/)
  })

  it('are demonstrations where an expert played', () => {
    const expert = expertEpisodes(
      echoWorld,
      tasks.map(task => ({ task })),
      new Random(1),
      config,
    )
    expect(expert.every(({ correct }) => correct)).toBe(true)
    const { mask } = demonstrationRows(episodeBatch(expert), config)
    // a digit and an end token a turn
    expect(mask.reduce((a, b) => a + b, 0)).toBe(2 * (1 + 3 + 4))
  })
})

describe('truncated importance weights', () => {
  const rows = {
    width: 3,
    logProbs: Float32Array.of(Math.log(0.5), Math.log(0.2), 0, Math.log(0.9), Math.log(0.1), -50),
    samplingLogProbs: Float32Array.of(Math.log(0.25), Math.log(0.4), 0, Math.log(0.1), Math.log(0.1), 0),
    mask: Float32Array.of(1, 1, 0, 1, 1, 1),
  }

  it('are ratios a token, cut off', () => {
    const weights = truncatedImportanceWeights(rows, { cap: 3 })
    for (const [i, expected] of [2, 0.5, 0, 3, 1, Math.exp(-20)].entries()) expect(weights[i]).toBeCloseTo(expected, 5)
  })

  it('are one product a row', () => {
    const weights = truncatedImportanceWeights(
      { ...rows, mask: Float32Array.of(1, 1, 0, 1, 1, 0) },
      { level: 'sequence' },
    )
    for (const [i, expected] of [1, 1, 0, 2, 2, 0].entries()) expect(weights[i]).toBeCloseTo(expected, 5)
  })

  it('are 1 where sampler and trainer agree', () => {
    const weights = truncatedImportanceWeights({ ...rows, samplingLogProbs: rows.logProbs })
    expect(Array.from(weights)).toEqual(Array.from(rows.mask))
  })
})

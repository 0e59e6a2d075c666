import { bindStage, defineRecipe, numbers, Random, texts } from '@guerdon/core'
import { findStage } from '@guerdon/methods'
import { denseParameters, interpret, type NdArray, type Tensor } from '@guerdon/tensor'
import { specialTokens } from '@guerdon/worlds/text/vocabulary'
import { describe, expect, it } from 'vitest'
import { type Episode, type EpisodeStart, forkAtTurn, forkEveryTurn } from './episode.ts'
import { episodeBatch } from './episode-batch.ts'
import { createEpisodeSampler, type SampleEpisodesOptions } from './episode-sampler.ts'
import { type EchoState, type EchoTask, echoWorld } from './fixtures/echo-world.ts'
import { initialPolicy, type PolicyParameters, tokenTerms } from './policy.ts'

const config = { vocabularySize: echoWorld.vocabulary.size, maximumLength: 32, width: 8, layers: 2, heads: 2 }
const policy: PolicyParameters<NdArray> = {
  ...initialPolicy(config, new Random(3)),
  head: denseParameters(new Random(4), { inputs: 8, outputs: config.vocabularySize }),
  value: denseParameters(new Random(5), { inputs: 8, outputs: 1 }),
}
const sampler = createEpisodeSampler(echoWorld, { config })
const tasks = Array.from({ length: 12 }, (_, i) => echoWorld.task(i % 4, new Random(100 + i)))
const starts: readonly EpisodeStart<EchoTask>[] = tasks.flatMap((task, i) =>
  [0, 1].map(() => ({ task, groupId: `${i}` })),
)
const play = (seed: number, options: SampleEpisodesOptions<EchoTask, EchoState> = {}, from = starts) =>
  sampler(policy, from, new Random(seed), options)

describe('episodes', () => {
  it('are one stream of what the world says and what the policy answers', async () => {
    for (const episode of await play(1)) {
      const stream = [specialTokens.start as number]
      const mask = [0]
      let state = echoWorld.start(episode.task)
      for (const turn of episode.turns) {
        expect(turn.state).toEqual(state)
        const observation = Array.from(echoWorld.observe(state))
        const action = Array.from(episode.tokens.subarray(turn.actionStart, turn.actionEnd))
        expect(turn.observationStart).toBe(stream.length)
        expect(action.length === 3 || action.at(-1) === specialTokens.end).toBe(true)
        stream.push(...observation, ...action)
        mask.push(...observation.map(() => 0), ...action.map(() => 1))
        const step = echoWorld.step(state, action)
        expect(turn.reward).toBe(step.reward)
        state = step.state
      }
      expect(Array.from(episode.tokens)).toEqual(stream)
      expect(Array.from(episode.drawn)).toEqual(mask)
      expect(episode.turns).toHaveLength(episode.task.digits.length)
      expect(episode.terminated).toBe(true)
      expect(episode.correct).toBe(episode.turns.every(({ reward }) => reward === 1))
    }
  })

  it.each([
    ['without forks', undefined],
    ['in a tree', forkEveryTurn({ branches: 2, maximumEpisodes: 5 })],
  ])('record log-probability, entropy and value of each drawn token, %s', async (_, fork) => {
    const episodes = await play(2, { ...(fork && { fork }), temperature: 0.7 })
    for (const episode of episodes.filter((_, i) => i % 4 === 3)) {
      const terms = interpret((p: PolicyParameters, tokens: Tensor) => {
        const { logProbs, entropies, values = logProbs } = tokenTerms(p, tokens, config)
        return { logProbs, entropies, values }
      })(policy, { dtype: 'int32', shape: [1, episode.tokens.length], data: episode.tokens })
      for (let t = 1; t < episode.tokens.length; t++) {
        if (!episode.drawn[t]) {
          expect([episode.logProbs[t], episode.entropies[t], episode.values?.[t]]).toEqual([0, 0, 0])
          continue
        }
        expect(episode.logProbs[t]).toBeCloseTo(terms.logProbs.data[t - 1], 4)
        expect(episode.entropies[t]).toBeCloseTo(terms.entropies.data[t - 1], 4)
        expect(episode.values?.[t]).toBeCloseTo(terms.values.data[t - 1], 4)
        expect(episode.samplingLogProbs[t]).not.toBe(episode.logProbs[t])
      }
    }
  })

  it('are the same for the same generator, whatever is played beside them, and otherwise not', async () => {
    const tokens = (episodes: Episode[]) => episodes.map(episode => Array.from(episode.tokens))
    const first = tokens(await play(7))
    expect(tokens(await play(7))).toEqual(first)
    expect(tokens(await play(8))).not.toEqual(first)
    expect(tokens(await play(7, {}, starts.slice(0, 4)))).toEqual(first.slice(0, 4))
  })

  it('differ within a group and become greedy as the temperature falls', async () => {
    const same = Array.from({ length: 16 }, () => ({ task: tasks[3] }))
    const texts = async (temperature: number) =>
      new Set((await play(7, { temperature }, same)).map(({ tokens }) => tokens.join()))
    expect((await texts(1)).size).toBeGreaterThan(8)
    expect((await texts(1e-4)).size).toBe(1)
  })

  it('replay a prefix without drawing it', async () => {
    const prefix = [echoWorld.expert(echoWorld.start(tasks[3]), new Random(0))]
    const [episode] = await play(1, {}, [{ task: tasks[3], prefix }])
    expect(episode.turns[0].reward).toBe(1)
    expect(Array.from(episode.drawn.subarray(0, episode.turns[0].actionEnd))).not.toContain(1)
    expect(episode.drawn[episode.turns[1].actionStart]).toBe(1)
  })

  it('are cut when the next observation has no room, and refused when the first has none', async () => {
    const short = { ...config, maximumLength: 8 }
    const cramped = createEpisodeSampler(echoWorld, { config: short })
    const small = { ...policy, ...initialPolicy(short, new Random(1)) }
    const [episode] = await cramped(small, [{ task: tasks[3] }], new Random(1))
    expect(episode).toMatchObject({ truncated: true, terminated: false })
    expect(episode.correct).toBeUndefined()
    expect(episode.tokens.length).toBeLessThanOrEqual(8)
    const tiny = createEpisodeSampler(echoWorld, { config: { ...config, maximumLength: 3 } })
    await expect(tiny(policy, [{ task: tasks[3], groupId: 'q' }], new Random(1))).rejects.toThrow(
      /first observation and one more token within 3 tokens — episode q\/0/,
    )
  })

  it('name episode and turn of a reward that is no number', async () => {
    const broken: typeof echoWorld = {
      ...echoWorld,
      step: (state, action) => ({ ...echoWorld.step(state, action), ...(state.turn === 1 && { reward: Number.NaN }) }),
    }
    const sample = createEpisodeSampler(broken, { config })
    await expect(sample(policy, [{ task: tasks[3], groupId: 'q' }], new Random(1))).rejects.toThrow(
      /finite reward from echo; got NaN — episode q\/0, turn 1/,
    )
  })

  it('stop when aborted, and are none for no starts', async () => {
    await expect(play(1, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(await play(1, {}, [])).toEqual([])
  })

  it('need a policy over the vocabulary of the world', () => {
    expect(() => createEpisodeSampler(echoWorld, { config: { ...config, vocabularySize: 20 } })).toThrow(
      /policy over the 9 tokens of echo; got 20/,
    )
  })
})

describe('a tree', () => {
  const deep = [{ task: tasks[3] }]

  it('of pairs with a shared start agrees up to the fork and draws apart from there', async () => {
    const episodes = await play(3, { fork: forkAtTurn(2, 2) }, [...deep, ...deep, ...deep, ...deep])
    expect(episodes).toHaveLength(8)
    const children = episodes.filter(({ parentId }) => parentId !== undefined)
    expect(children).toHaveLength(4)
    let different = 0
    for (const child of children) {
      const parent = episodes.find(({ id }) => id === child.parentId)!
      expect(child).toMatchObject({ forkTurn: 2, groupId: parent.groupId })
      expect(child.forkStep).toBe(parent.turns[2].actionStart)
      for (const column of ['tokens', 'logProbs', 'entropies', 'values'] as const) {
        expect(child[column]?.slice(0, child.forkStep)).toEqual(parent[column]?.slice(0, child.forkStep))
      }
      expect(child.turns.slice(0, 2)).toEqual(parent.turns.slice(0, 2))
      expect(child.turns[2].node).not.toBe(parent.turns[2].node)
      different += Number(child.tokens.join() !== parent.tokens.join())
    }
    expect(different).toBeGreaterThan(0)
  })

  it('forked at every turn stops at its limit and leaves the first path as it was', async () => {
    const [alone] = await play(5, {}, deep)
    const episodes = await play(5, { fork: forkEveryTurn({ branches: 2, maximumEpisodes: 6 }) }, deep)
    expect(episodes).toHaveLength(6)
    expect(episodes[0].tokens).toEqual(alone.tokens)
    expect(new Set(episodes.map(({ id }) => id)).size).toBe(6)
    const nodes = new Set(episodes.flatMap(({ turns }) => turns.map(({ node }) => node)))
    // 2 + 4 + 6 + 6 turns, of which the paths share all but these
    expect(nodes.size).toBe(18)
  })

  it('is credited by a method for trees', async () => {
    const episodes = await play(5, { fork: forkEveryTurn({ branches: 2, maximumEpisodes: 6 }) }, deep)
    const recipe = defineRecipe({
      name: 'tree',
      records: [
        { name: 'rollout.score', kind: 'number' },
        { name: 'turn.node', kind: 'text' },
      ],
      steps: [bindStage(findStage('portool'), { place: 'tokens' })],
      final: 'token.advantage',
    })
    const { batch } = await recipe.run(episodeBatch(episodes))
    const advantages = numbers(batch, 'turn.portoolFork')
    const nodes = texts(batch, 'turn.node')
    const byNode = new Map<string, number>()
    for (const [t, node] of nodes.entries()) {
      const known = byNode.get(node ?? '')
      if (known !== undefined) expect(advantages.values[t]).toBe(known)
      byNode.set(node ?? '', advantages.values[t])
    }
  })
})

describe('the batch of episodes', () => {
  it('has their columns at their levels', async () => {
    const episodes = await play(4, { fork: forkAtTurn(1, 2) })
    const batch = episodeBatch(episodes, { vocabulary: echoWorld.vocabulary })
    expect(batch.groupIds).toEqual(tasks.map((_, i) => `${i}`))
    for (const [r, episode] of episodes.entries()) {
      const tokens = numbers(batch, 'token.id').values.slice(batch.tokenOffsets[r], batch.tokenOffsets[r + 1])
      expect(Array.from(tokens)).toEqual(Array.from(episode.tokens))
      expect(numbers(batch, 'rollout.score').values[r]).toBe(episode.turns.filter(({ reward }) => reward === 1).length)
      expect(numbers(batch, 'rollout.correct').values[r]).toBe(Number(episode.correct))
      expect(texts(batch, 'rollout.parentId')[r]).toBe(episode.parentId)
      for (const [i, turn] of episode.turns.entries()) {
        const t = batch.turnOffsets[r] + i
        expect(batch.turnSpans[2 * t] - batch.tokenOffsets[r]).toBe(turn.actionStart)
        expect(numbers(batch, 'turn.ended').values[t]).toBe(Number(turn.facts['ended']))
        expect(texts(batch, 'turn.said')[t]).toBe(turn.facts['said'])
        expect(texts(batch, 'turn.observation')[t]).toContain(`say ${episode.task.digits[i]}`)
        expect(texts(batch, 'turn.action')[t]).toBe(turn.facts['said'])
      }
    }
  })

  it('refuses facts that are no numbers or named like a column of its own', async () => {
    const [episode] = await play(4)
    const withFact = (facts: EpisodeFacts): Episode => ({
      ...episode,
      turns: episode.turns.map(turn => ({ ...turn, facts })),
    })
    expect(() => episodeBatch([withFact({ seen: Number.NaN })])).toThrow(/fact seen as a finite number; got NaN/)
    expect(() => episodeBatch([withFact({ reward: 1 })])).toThrow(/other names than the turn's own; got reward/)
  })

  it('of nothing is empty', () => {
    expect(episodeBatch([]).rolloutIds).toEqual([])
  })
})

type EpisodeFacts = Episode['turns'][number]['facts']

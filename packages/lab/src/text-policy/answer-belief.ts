import { jsonColumn, type RolloutBatch, withColumns } from '@guerdon/core'
import { createTokenScorer, type Episode } from '@guerdon/learn'
import type { TextSetting } from './setting.ts'
import type { Policy } from './start-policy.ts'

/** Writes down what a policy thinks of the right answer along episodes. */
export interface BeliefReader {
  /** Adds `rollout.answerLogProbs`: log-probabilities of the right answer's tokens before each turn, [turn][token]. */
  read(batch: RolloutBatch, episodes: readonly Episode[], policy: Policy): Promise<RolloutBatch>
  /** Tokens scored so far. */
  scoredTokens(): number
}

/** A reader for a world whose tasks have one right answer: at each turn the answer is put in place of the action and scored. */
export function createBeliefReader({ world, config }: TextSetting): BeliefReader {
  const score = createTokenScorer(config)
  let scored = 0
  return {
    scoredTokens: () => scored,
    async read(batch, episodes, policy) {
      const places = episodes.flatMap(episode => episode.turns.map(({ actionStart }) => ({ episode, actionStart })))
      const answers = episodes.map(({ task }) => world.goldAnswer?.(task) ?? new Int32Array())
      const answerOf = new Map(episodes.map((episode, e) => [episode, answers[e]]))
      const width = config.maximumLength
      const count = Math.ceil(places.length / rowStep) * rowStep
      const tokens = new Int32Array(count * width)
      for (const [row, { episode, actionStart }] of places.entries()) {
        const answer = answerOf.get(episode) ?? new Int32Array()
        const room = Math.min(answer.length, width - actionStart)
        tokens.set(episode.tokens.subarray(0, actionStart), row * width)
        tokens.set(answer.subarray(0, room), row * width + actionStart)
        scored += actionStart + room
      }
      const logProbs = await score(policy, { count, width, tokens })
      let row = 0
      const beliefs = episodes.map(({ turns }, e) =>
        turns.map(({ actionStart }) => {
          const first = row++ * (width - 1) + actionStart - 1
          return Array.from(logProbs.subarray(first, first + Math.min(answers[e].length, width - actionStart)))
        }),
      )
      return withColumns(batch, { 'rollout.answerLogProbs': jsonColumn('rollout', beliefs) })
    },
  }
}

/** Rows are filled up to a multiple of this, so that few graphs are compiled. */
const rowStep = 64

import type { Random } from '@guerdon/core'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import type { Episode, EpisodeStart } from './episode.ts'
import { closeRow, isOver, openRow, writeToken } from './episode-row.ts'

/**
 * Episodes played by the world's expert, in the form a sampler returns: its tokens count as drawn, with log-probability 0.
 * Demonstrations for supervised fine-tuning. Start i takes its draws from `random.split(i)`.
 *
 * @throws invalid_input for a first observation that does not fit
 */
export function expertEpisodes<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  starts: readonly EpisodeStart<Task>[],
  random: Random,
  options: { readonly maximumLength: number },
): Episode<Task, State>[] {
  return starts.map((start, index) => {
    const row = openRow(world, start, { index, maximumLength: options.maximumLength, random: random.split(index) })
    while (!isOver(row)) {
      const turns = row.turns.length
      for (const token of world.expert(row.state, row.random)) {
        writeToken(world, row, { token, logProb: 0, samplingLogProb: 0, entropy: 0 }, 0)
        if (row.turns.length > turns) break
      }
    }
    return closeRow(row, { valued: false })
  })
}

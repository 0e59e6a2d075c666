import type { Random } from '@guerdon/core'
import { createEpisodeSampler, type Episode, type EpisodeStart } from '@guerdon/learn'
import type { TextSetting } from './setting.ts'
import type { Policy } from './start-policy.ts'

/**
 * The true advantage of every turn that was played, by branching: what was read and written up to a turn is replayed, and
 * the policy goes on from there in fresh episodes,
 *
 *   A_t = r_t + V(h_{t+1}) − V(h_t),  V(h) = mean over `rollouts` continuations of the rewards still to come,  V = 0 after the end.
 *
 * A transformer acts on all it has seen, so values belong to histories h and not to states of the world. Histories that
 * several episodes share are continued once.
 *
 * @returns [episode][turn]
 */
export async function trueAdvantages(
  episodes: readonly Episode[],
  policy: Policy,
  { world, config }: TextSetting,
  { rollouts, random, signal }: { readonly rollouts: number; readonly random: Random; readonly signal: AbortSignal },
): Promise<number[][]> {
  const starts = new Map<string, EpisodeStart<{ readonly id: string }>>()
  const keys = episodes.map(({ task, turns, tokens }) => {
    const prefix: Int32Array[] = []
    return turns.map(({ actionStart, actionEnd }) => {
      const known = task as { readonly id: string }
      const key = `${known.id} | ${prefix.map(action => action.join(' ')).join(' | ')}`
      if (!starts.has(key)) starts.set(key, { task: known, groupId: key, prefix: prefix.slice() })
      prefix.push(tokens.slice(actionStart, actionEnd))
      return key
    })
  })
  const values = new Map<string, number>()
  const sampler = createEpisodeSampler(world, { config })
  const all = [...starts.values()]
  const perCall = Math.max(1, Math.floor(episodesACall / rollouts))
  for (let from = 0; from < all.length; from += perCall) {
    const chunk = all.slice(from, from + perCall)
    const played = await sampler(
      policy,
      chunk.flatMap(start => Array<(typeof all)[number]>(rollouts).fill(start)),
      random,
      { signal },
    )
    for (const { groupId = '', prefix = [] } of chunk) {
      const own = played.filter(episode => episode.groupId === groupId)
      const toCome = own.map(({ turns }) => turns.slice(prefix.length).reduce((sum, { reward }) => sum + reward, 0))
      values.set(groupId, toCome.reduce((sum, value) => sum + value, 0) / own.length)
    }
  }
  const valueAt = (key: string | undefined): number => (key === undefined ? 0 : (values.get(key) ?? 0))
  return episodes.map(({ turns }, e) =>
    turns.map(({ reward }, t) => reward + valueAt(keys[e][t + 1]) - valueAt(keys[e][t])),
  )
}

/** Episodes played together: as many as a cache holds at good speed. */
const episodesACall = 128

import { assertInteger, GuerdonError, Random } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { createDecoders, type Decoder } from './decoder.ts'
import type { Episode, EpisodeStart, ForkPlan } from './episode.ts'
import { closeRow, type EpisodeRow, forkRow, isOver, openRow, writeToken } from './episode-row.ts'
import type { PolicyParameters } from './policy.ts'
import { createTokenDraw } from './token-draw.ts'
import { type TransformerConfig, transformerShape } from './transformer.ts'

/** How episodes are drawn. */
export interface SampleEpisodesOptions<Task = unknown, State = unknown> {
  /** Divides the logits before a token is drawn. Default 1. */
  readonly temperature?: number
  /** Asked before each turn of each episode; default: nothing is forked. */
  readonly fork?: ForkPlan<Task, State>
  readonly signal?: AbortSignal
}

const smallestDecoder = 4

/** Plays episodes of one text world with a policy. */
export type EpisodeSampler<Task, State> = (
  parameters: PolicyParameters<NdArray>,
  starts: readonly EpisodeStart<Task>[],
  random: Random,
  options?: SampleEpisodesOptions<Task, State>,
) => Promise<Episode<Task, State>[]>

/**
 * A sampler of whole episodes. All episodes move together, one token at a time — read from the world or drawn from the
 * policy — over one cache, so nothing is computed twice; a fork copies its row of the cache and goes on from there.
 *
 * Draws: one `integer(2³²)` of `random` seeds the call; start i draws from that seed's `split(i)`, continuation j ≥ 1 of a
 * fork at turn t from `split('t/j')` of the episode it leaves, which itself goes on as continuation 0. A stream gives one
 * uniform a drawn token. So an episode does not depend on what is played beside it, but for rounding.
 *
 * Results stand group by group in order of first appearance, within a group by start and then by fork.
 *
 * @throws not_finite for a reward of the world or logits that are no numbers, naming episode and turn; invalid_input for a
 * first observation that does not fit or token ids outside the vocabulary; invalid_option for a policy over another one
 */
export function createEpisodeSampler<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  options: { readonly config: TransformerConfig; readonly threads?: number },
): EpisodeSampler<Task, State> {
  const { config, threads = 1 } = options
  const { vocabularySize, maximumLength } = transformerShape(config)
  if (vocabularySize !== world.vocabulary.size) {
    throw new GuerdonError(
      'invalid_option',
      `expected a policy over the ${world.vocabulary.size} tokens of ${world.name}; got ${vocabularySize}`,
      { path: ['config', 'vocabularySize'] },
    )
  }
  const decoders = createDecoders(config, { threads })
  return async (parameters, starts, random, { temperature = 1, fork, signal } = {}) => {
    const streams = new Random(random.integer(2 ** 32))
    const draw = createTokenDraw({ vocabularySize, temperature })
    const rows = starts.map((start, index) =>
      openRow(world, start, { index, maximumLength, random: streams.split(index) }),
    )
    const members = new Map<string, number>()
    for (const { groupId } of rows) members.set(groupId, (members.get(groupId) ?? 0) + 1)
    let live = rows.slice()
    const decoder = decoders(Math.max(1, rows.length))
    for (let position = 0; live.length > 0; position++) {
      signal?.throwIfAborted()
      const current = new Int32Array(decoder.rows)
      for (const row of live) current[row.slot] = row.tokens[position]
      const { logits, values } = await decoder.step(parameters, current, position)
      const born: EpisodeRow<Task, State>[] = []
      for (const row of live) {
        if (row.length > position + 1) continue
        const value = values?.[row.slot] ?? 0
        const branches = fork && row.length === row.actionStart ? branchesOf(row, fork, members) : 1
        // children are copied before the parent writes: all continuations draw from the same logits
        const children = Array.from({ length: branches - 1 }, (_, i) => forkRow(row, i + 1))
        for (const next of [row, ...children]) {
          writeToken(world, next, draw(logits, row.slot * vocabularySize, next.random), value)
        }
        born.push(...children)
      }
      rows.push(...born)
      live = arrange(
        decoder,
        [...live, ...born].filter(row => !isOver(row)),
        born.length > 0,
      )
    }
    return inGroups(rows).map(row => closeRow(row, { valued: parameters.value !== undefined }))
  }
}

/** Asks the plan, and counts the episodes it adds to the group. */
function branchesOf<Task, State>(
  row: EpisodeRow<Task, State>,
  fork: ForkPlan<Task, State>,
  members: Map<string, number>,
): number {
  const { id, groupId, task, state, depth, turns } = row
  const episodes = members.get(groupId) ?? 1
  const branches = fork({ id, groupId, task, state, turn: turns.length, depth, episodes })
  assertInteger(branches, 'fork', 1)
  members.set(groupId, episodes + branches - 1)
  return branches
}

/**
 * Gives each live row a row of the decoder: those just forked get a copy of their parent's, and rows left over are given up
 * when half of them or more are. Sizes are powers of two after the first, so that few graphs are compiled.
 */
function arrange<Task, State>(
  decoder: Decoder,
  live: EpisodeRow<Task, State>[],
  forked: boolean,
): EpisodeRow<Task, State>[] {
  const { rows } = decoder
  const few = live.length <= rows / 2 && rows > smallestDecoder
  if (live.length === 0 || !(forked || few)) return live
  const power = Math.max(smallestDecoder, 2 ** Math.ceil(Math.log2(live.length)))
  decoder.rearrange(
    live.map(row => row.slot),
    few || live.length > rows ? power : rows,
  )
  for (const [slot, row] of live.entries()) row.slot = slot
  return live
}

function inGroups<Row extends { readonly groupId: string }>(rows: readonly Row[]): Row[] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.groupId)
    if (group) group.push(row)
    else groups.set(row.groupId, [row])
  }
  return [...groups.values()].flat()
}

/** One turn of an episode: what was read, what was answered, what came of it. */
export interface EpisodeTurn<State = unknown> {
  /**
   * Id of the turn in the tree of its group: the episode that played it and the turn's number, so episodes that share a
   * prefix share its ids.
   */
  readonly node: string
  /** First token of the observation read before the action. */
  readonly observationStart: number
  /** The action's tokens are `actionStart … actionEnd − 1` of the episode, the end token included. */
  readonly actionStart: number
  readonly actionEnd: number
  /** The state in which the action was taken. */
  readonly state: State
  readonly reward: number
  readonly facts: Readonly<Record<string, number | boolean | string>>
}

/**
 * One episode of a text world as a single stream of tokens: `<start> observation action <end> observation action <end> …`.
 * The columns run along `tokens`; they are 0 at tokens that were read and not drawn.
 */
export interface Episode<Task = unknown, State = unknown> {
  readonly id: string
  /** Episodes of one group are compared. */
  readonly groupId: string
  readonly task: Task
  /** The episode this one was forked from; absent for those that began at the start. */
  readonly parentId?: string
  /** Turn at which it was forked: its first turn that is not the parent's. */
  readonly forkTurn?: number
  /** First token that is not the parent's; 0 for those that began at the start. */
  readonly forkStep: number
  /** [T] */
  readonly tokens: Int32Array
  /** [T] 1 for tokens drawn from the policy, by this episode or by those it was forked from. */
  readonly drawn: Uint8Array
  /** [T] log π under temperature 1. */
  readonly logProbs: Float32Array
  /** [T] log-probability under the distribution drawn from. */
  readonly samplingLogProbs: Float32Array
  /** [T] entropy of π before the token, nats. */
  readonly entropies: Float32Array
  /** [T] value of the state in which the token was chosen; only with a value head. */
  readonly values?: Float32Array
  readonly turns: readonly EpisodeTurn<State>[]
  readonly terminated: boolean
  /** Ended for want of turns, or of room for another observation and action. */
  readonly truncated: boolean
  /** Whether the task was solved, as last told by the world; absent when it never told. */
  readonly correct?: boolean
}

/** Where an episode begins. */
export interface EpisodeStart<Task> {
  readonly task: Task
  /** Default: the task's id. */
  readonly groupId?: string
  /** Actions replayed before the policy's first turn; read, not drawn. */
  readonly prefix?: readonly ArrayLike<number>[]
}

/** An episode about to take a turn. */
export interface ForkPoint<Task = unknown, State = unknown> {
  readonly id: string
  readonly groupId: string
  readonly task: Task
  readonly state: State
  /** Turns played so far. */
  readonly turn: number
  /** Forks between the start and here. */
  readonly depth: number
  /** Episodes its group has by now, this one included. */
  readonly episodes: number
}

/** How many ways an episode goes on from here: 1 for itself alone. */
export type ForkPlan<Task = unknown, State = unknown> = (point: ForkPoint<Task, State>) => number

/** Every episode is continued `branches` times from turn `turn` on: shared-start pairs with `branches` 2. */
export function forkAtTurn(turn: number, branches: number): ForkPlan {
  return point => (point.turn === turn && point.depth === 0 ? branches : 1)
}

/** Every turn is proposed `branches` times while the group has room for them below `maximumEpisodes`: a tree of tool calls. */
export function forkEveryTurn(options: { readonly branches: number; readonly maximumEpisodes: number }): ForkPlan {
  return ({ episodes }) => Math.max(1, Math.min(options.branches, options.maximumEpisodes - episodes + 1))
}

/** Returns of running and of the last finished episodes; plain JSON. */
export interface EpisodeWindowState {
  /** [N] sum of rewards of each copy's episode so far. */
  readonly running: number[]
  /** Returns of the last episodes, oldest first, at most 100. */
  readonly finished: number[]
  /** Episodes finished in all. */
  episodes: number
}

/** Episodes averaged over, as in the usual criterion of a solved task. */
export const windowLength = 100

/** Before the first step of N copies. */
export function initialEpisodeWindow(copies: number): EpisodeWindowState {
  return { running: new Array<number>(copies).fill(0), finished: [], episodes: 0 }
}

/** Adds a step of one copy. */
export function countStep(state: EpisodeWindowState, copy: number, reward: number, over: number): void {
  state.running[copy] += reward
  if (over === 0) return
  state.finished.push(state.running[copy])
  if (state.finished.length > windowLength) state.finished.shift()
  state.running[copy] = 0
  state.episodes++
}

/** Mean return of the last 100 episodes, of all if fewer; null before the first has ended. */
export function averageReturn({ finished }: EpisodeWindowState): number | null {
  return finished.length === 0 ? null : finished.reduce((total, value) => total + value, 0) / finished.length
}

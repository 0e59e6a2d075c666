/** Object indices of the observation. */
export const MinigridObject = { unseen: 0, empty: 1, wall: 2, door: 4, key: 5, goal: 8 } as const
/** Colour indices. */
export const MinigridColour = { red: 0, green: 1, blue: 2, purple: 3, yellow: 4, grey: 5 } as const
/** State indices of a door. */
export const DoorState = { open: 0, closed: 1, locked: 2 } as const
/** Actions in order. */
export const minigridActions = ['left', 'right', 'forward', 'pickup', 'drop', 'toggle', 'done'] as const

/** Steps of the directions 0 right, 1 down, 2 left, 3 up. */
export const minigridDirections = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const

/** Cells along a side of what the agent sees. */
export const minigridView = 7

/** Reward of reaching the goal: 1 − 0.9·steps/maxSteps. */
export function minigridSuccessReward(steps: number, maxSteps: number): number {
  return 1 - 0.9 * (steps / maxSteps)
}

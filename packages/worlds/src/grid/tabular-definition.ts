import type { WorldDefinition } from '../world/definition.ts'
import { discrete } from '../world/space.ts'
import { circle, line, palette, picture, rectangle } from '../world/svg.ts'
import { drawEntry, type TabularLayout, type TabularWorld, transitionsOf } from './tabular-world.ts'

/**
 * A table as a world. State and observation are the index of the state. Draws: one number for the start, one for every
 * step, each compared with cumulated probabilities (see `drawEntry`).
 */
export function tabularDefinition(world: TabularWorld): WorldDefinition {
  const { name, stateCount, actionCount, rewards, nextStates, terminalState } = world
  const first = Int32Array.from(world.initial.keys()).filter(state => world.initial[state] > 0)
  const starts = {
    offsets: Int32Array.of(0, first.length),
    probabilities: Float64Array.from(first, state => world.initial[state]),
  }
  return {
    name,
    actionSpace: discrete(world.actionNames),
    observationSpace: discrete(stateCount),
    stateSize: 1,
    horizon: world.horizon,
    stochastic: true,
    start: (states, at, random) => {
      states[at] = first[drawEntry(starts, 0, random.float())]
    },
    advance: (states, at, actions, actionAt, outcome, random) => {
      const row = states[at] * actionCount + actions[actionAt]
      const next = nextStates[drawEntry(world, row, random.float())]
      states[at] = next
      outcome.reward = rewards[row]
      outcome.terminated = next === terminalState
    },
    observe: (states, at, observations, to) => {
      observations[to] = states[at]
    },
    svg: ([state]) => tabularPicture(world, state),
    text: ([state]) => tabularText(world, state),
    starts: () => Array.from(first, state => ({ state: Float64Array.of(state), probability: world.initial[state] })),
    outcomes: ([state], action) => {
      const { nextStates: targets, probabilities, reward } = transitionsOf(world, state, action)
      return Array.from(targets, (target, k) => ({
        state: Float64Array.of(target),
        probability: probabilities[k],
        reward,
        terminated: target === terminalState,
      }))
    },
  }
}

/** States without a layout stand in one row. */
function layoutOf(world: TabularWorld): TabularLayout {
  return world.layout ?? { columns: world.stateCount, rows: 1 }
}

/** `A` the agent, `G` the goal, `.` other states; `|` and `-` walls. */
function tabularText(world: TabularWorld, agent: number): string {
  const { columns, rows, goal, wallsBelow, wallsLeft } = layoutOf(world)
  if (agent >= columns * rows) return `${world.name}: over`
  const lines: string[] = []
  for (let y = rows - 1; y >= 0; y--) {
    let row = ''
    let under = ''
    for (let x = 0; x < columns; x++) {
      const state = y * columns + x
      const between = x > 0 ? ' ' : ''
      row += between === '' ? '' : wallsLeft?.has(state) ? '|' : ' '
      row += state === agent ? 'A' : state === goal ? 'G' : '.'
      under += between + (wallsBelow?.has(state) ? '-' : ' ')
    }
    lines.push(row)
    if (under.includes('-')) lines.push(under.trimEnd())
  }
  return lines.join('\n')
}

function tabularPicture(world: TabularWorld, agent: number): string {
  const { columns, rows, goal, wallsBelow, wallsLeft } = layoutOf(world)
  const side = 24
  const left = (state: number) => side * (state % columns)
  const top = (state: number) => side * (rows - 1 - Math.floor(state / columns))
  const shapes: string[] = []
  const wall = { stroke: palette.ink, width: 3 }
  for (let state = 0; state < columns * rows; state++) {
    const fill = state === goal ? palette.goal : palette.ground
    shapes.push(rectangle(left(state), top(state), side, side, { fill, stroke: palette.faint }))
  }
  for (const state of wallsBelow ?? [])
    shapes.push(line(left(state), top(state) + side, left(state) + side, top(state) + side, wall))
  for (const state of wallsLeft ?? []) shapes.push(line(left(state), top(state), left(state), top(state) + side, wall))
  if (agent < columns * rows)
    shapes.push(circle(left(agent) + side / 2, top(agent) + side / 2, 8, { fill: palette.agent }))
  return picture(world.name, side * columns, side * rows, shapes)
}

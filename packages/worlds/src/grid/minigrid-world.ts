import type { Random } from '@guerdon/core'
import type { WorldDefinition } from '../world/definition.ts'
import { bytes, discrete } from '../world/space.ts'
import { circle, line, palette, picture, polyline, rectangle } from '../world/svg.ts'
import { flattenMinigrid, type MinigridOptions, type MinigridState, resetDoorKey, resetFourRooms } from './minigrid.ts'
import { DoorState, MinigridObject, minigridActions, minigridDirections, minigridView } from './minigrid-cells.ts'
import { advanceMinigrid, FlatMinigrid, flatMinigridSize, type MinigridSize, viewMinigrid } from './minigrid-flat.ts'

/**
 * MiniGrid-FourRooms-v0: find the goal in a new layout every episode; sees 7×7 cells ahead. See `resetFourRooms` for
 * the layout and its draws, `advanceMinigrid` for the rules.
 */
export function fourRoomsWorld(options: MinigridOptions = {}): WorldDefinition {
  const { size = 19, maxSteps = 100 } = options
  return minigridWorld('four-rooms', { width: size, height: size, maxSteps }, random =>
    resetFourRooms(random, { size, maxSteps }),
  )
}

/** MiniGrid-DoorKey: fetch the key, open the door, reach the goal. See `resetDoorKey` for the layout and its draws. */
export function doorKeyWorld(options: MinigridOptions = {}): WorldDefinition {
  const { size = 8, maxSteps = 10 * size * size } = options
  return minigridWorld('door-key', { width: size, height: size, maxSteps }, random =>
    resetDoorKey(random, { size, maxSteps }),
  )
}

function minigridWorld(name: string, size: MinigridSize, layout: (random: Random) => MinigridState): WorldDefinition {
  return {
    name,
    actionSpace: discrete(minigridActions),
    observationSpace: bytes([minigridView, minigridView, 3], 10),
    stateSize: flatMinigridSize(size),
    horizon: size.maxSteps,
    stochastic: false,
    start: (states, at, random) => {
      flattenMinigrid(layout(random), states, at)
    },
    advance: (states, at, actions, actionAt, outcome) => advanceMinigrid(states, at, actions[actionAt], size, outcome),
    observe: (states, at, observations, to) => viewMinigrid(states, at, size, observations, to),
    svg: state => minigridPicture(name, state, size),
    text: state => minigridText(state, size),
  }
}

function minigridText(state: Float64Array, { width, height }: MinigridSize): string {
  const rows: string[] = []
  for (let y = 0; y < height; y++) {
    let row = ''
    for (let x = 0; x < width; x++) {
      const here = x === state[FlatMinigrid.x] && y === state[FlatMinigrid.y]
      row += here ? '>v<^'[state[FlatMinigrid.direction]] : letter(state, FlatMinigrid.cells + 3 * (y * width + x))
    }
    rows.push(row)
  }
  return rows.join('\n')
}

/** `#` wall, `.` empty, `k` key, `G` goal, doors `L` locked, `D` closed, `_` open. */
function letter(state: Float64Array, cell: number): string {
  switch (state[cell]) {
    case MinigridObject.wall:
      return '#'
    case MinigridObject.key:
      return 'k'
    case MinigridObject.goal:
      return 'G'
    case MinigridObject.door:
      return '_DL'[state[cell + 2]]
    default:
      return '.'
  }
}

function minigridPicture(name: string, state: Float64Array, { width, height }: MinigridSize): string {
  const side = 20
  const shapes: string[] = []
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const cell = FlatMinigrid.cells + 3 * (y * width + x)
      const square = (fill: string) => rectangle(side * x, side * y, side, side, { fill })
      if (state[cell] === MinigridObject.wall) shapes.push(square(palette.ink))
      if (state[cell] === MinigridObject.goal) shapes.push(square(palette.goal))
      if (state[cell] === MinigridObject.key)
        shapes.push(circle(side * (x + 0.5), side * (y + 0.5), 5, { fill: palette.gold }))
      if (state[cell] !== MinigridObject.door) continue
      const open = state[cell + 2] === DoorState.open
      const edge = { stroke: palette.gold, width: 3, fill: open ? 'none' : palette.gold }
      shapes.push(rectangle(side * x + 2, side * y + 2, side - 4, side - 4, edge))
      if (state[cell + 2] === DoorState.locked)
        shapes.push(line(side * x + 8, side * y + 10, side * x + 12, side * y + 10, { stroke: palette.ink, width: 3 }))
    }
  const [dx, dy] = minigridDirections[state[FlatMinigrid.direction]]
  const x = side * (state[FlatMinigrid.x] + 0.5)
  const y = side * (state[FlatMinigrid.y] + 0.5)
  const nose: readonly [number, number] = [x + 7 * dx, y + 7 * dy]
  const tail = [-1, 1].map(hand => [x - 6 * dx - 6 * hand * dy, y - 6 * dy + 6 * hand * dx] as const)
  shapes.push(polyline([nose, ...tail, nose], { fill: palette.agent }))
  if (state[FlatMinigrid.carried] === MinigridObject.key) shapes.push(circle(x, y, 3, { fill: palette.gold }))
  return picture(name, side * width, side * height, shapes)
}

import type { Random } from '@guerdon/core'
import { cellAt, DungeonCell, type DungeonShape, dungeonLevels, sector } from './shape.ts'

/** A room by the first and last columns and rows of its floor. */
export interface Room {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** The rooms of a floor and what is where. */
export interface RoomPlan {
  readonly rooms: readonly Room[]
  readonly start: Room
  /** The room with the longest way from the start. */
  readonly end: Room
  /** Rooms that can be reached without the key; all where nothing is locked. */
  readonly nearSide: readonly Room[]
}

/**
 * Carves one room into every sector and joins neighbours by corridors along a random spanning tree, with a doorway or a
 * closed door at both ends. With `locked`, one of the corridors on the way from start to end begins with a locked door.
 */
export function drawRooms(
  states: Float64Array,
  at: number,
  shape: DungeonShape,
  floor: number,
  random: Random,
  { locked }: { readonly locked: boolean },
): RoomPlan {
  const { columns, rows } = dungeonLevels[shape.level]
  const put = (x: number, y: number, cell: number) => {
    states[cellAt(shape, at, floor, x, y)] = cell
  }
  const rooms = Array.from({ length: columns * rows }, (_, k) =>
    drawRoom((k % columns) * sector.width, Math.floor(k / columns) * sector.height, random),
  )
  for (const room of rooms)
    for (let y = room.top; y <= room.bottom; y++)
      for (let x = room.left; x <= room.right; x++) put(x, y, DungeonCell.floor)
  const tree = spanningTree(columns, rows, random)
  const start = random.integer(rooms.length)
  const ways = waysFrom(start, tree, rooms.length)
  const end = ways.reduce((best, way, k) => (way.length > ways[best].length ? k : best), start)
  const barred = locked ? random.choice(ways[end]) : undefined
  for (const edge of tree) {
    // ways lead away from the start: the locked door is at the near end
    const first = edge === barred && ways[edge[1]].length < ways[edge[0]].length ? 1 : 0
    const doors = [0, 1].map(end => {
      if (edge === barred && end === first) return DungeonCell.lockedDoor
      return random.bernoulli(0.5) ? DungeonCell.closedDoor : DungeonCell.openDoor
    })
    dig(put, rooms[edge[0]], rooms[edge[1]], edge[1] - edge[0] === 1, doors, random)
  }
  return {
    rooms,
    start: rooms[start],
    end: rooms[end],
    nearSide: rooms.filter((_, k) => barred === undefined || !ways[k].includes(barred)),
  }
}

/** 3 … 6 columns and 2 … 4 rows, at least two cells from the sector's first column and row, one from the last. */
function drawRoom(sectorLeft: number, sectorTop: number, random: Random): Room {
  const [width, height] = [3 + random.integer(4), 2 + random.integer(3)]
  const left = sectorLeft + 2 + random.integer(sector.width - 2 - width)
  const top = sectorTop + 2 + random.integer(sector.height - 2 - height)
  return { left, top, right: left + width - 1, bottom: top + height - 1 }
}

/** Neighbouring sectors, the smaller number first. */
type Edge = readonly [number, number]

/** Edges in random order, those kept that join what was apart. */
function spanningTree(columns: number, rows: number, random: Random): Edge[] {
  const edges: Edge[] = []
  for (let k = 0; k < columns * rows; k++) {
    if (k % columns < columns - 1) edges.push([k, k + 1])
    if (k + columns < columns * rows) edges.push([k, k + columns])
  }
  const part = Array.from({ length: columns * rows }, (_, k) => k)
  return random.shuffle(edges).filter(([a, b]) => {
    const [from, to] = [part[a], part[b]]
    if (from === to) return false
    part.forEach((other, k) => {
      if (other === from) part[k] = to
    })
    return true
  })
}

/** The edges on the way from the start to each room. */
function waysFrom(start: number, tree: readonly Edge[], count: number): (readonly Edge[])[] {
  const ways: (readonly Edge[] | undefined)[] = new Array(count).fill(undefined)
  ways[start] = []
  const front = [start]
  for (const from of front)
    for (const edge of tree) {
      const to = edge[0] === from ? edge[1] : edge[1] === from ? edge[0] : -1
      if (to < 0 || ways[to]) continue
      ways[to] = [...(ways[from] ?? []), edge]
      front.push(to)
    }
  return ways.map(way => way ?? [])
}

/** A corridor from the right side of `a` to the left side of `b`, or from the lower one to the upper one. */
function dig(
  put: (x: number, y: number, cell: number) => void,
  a: Room,
  b: Room,
  sideways: boolean,
  doors: readonly number[],
  random: Random,
): void {
  // drawn along one axis; the other kind of corridor is the same with x and y exchanged
  const between = (low: number, high: number) => low + random.integer(high - low + 1)
  const from = sideways ? between(a.top, a.bottom) : between(a.left, a.right)
  const to = sideways ? between(b.top, b.bottom) : between(b.left, b.right)
  const first = (sideways ? a.right : a.bottom) + 1
  const last = (sideways ? b.left : b.top) - 1
  const step = sideways ? sector.width : sector.height
  // the line between the sectors, which no room touches
  const turn = Math.floor(last / step) * step
  const set = (along: number, across: number, cell: number) =>
    sideways ? put(along, across, cell) : put(across, along, cell)
  for (let along = first + 1; along <= turn; along++) set(along, from, DungeonCell.corridor)
  for (let across = Math.min(from, to); across <= Math.max(from, to); across++) set(turn, across, DungeonCell.corridor)
  for (let along = turn; along < last; along++) set(along, to, DungeonCell.corridor)
  set(first, from, doors[0])
  set(last, to, doors[1])
}

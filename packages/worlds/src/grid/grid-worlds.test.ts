import { describe, expect, it } from 'vitest'
import { lineKey, tabularDefinition, vectorWorld } from '../index.ts'
import {
  DoorState,
  MinigridColour,
  MinigridObject,
  type MinigridState,
  minigridActions,
  observeMinigrid,
  stepMinigrid,
} from './minigrid.ts'

const wall = [MinigridObject.wall, MinigridColour.grey, 0] as const
const action = (name: (typeof minigridActions)[number]) => minigridActions.indexOf(name)

/** A 7×7 room, the agent in the middle facing right, with these things in it. */
function room(things: readonly (readonly [x: number, y: number, cell: readonly number[]])[]): MinigridState {
  const cells = new Uint8Array(7 * 7 * 3)
  for (let i = 0; i < 49; i++) {
    const border = i % 7 === 0 || i % 7 === 6 || i < 7 || i >= 42
    cells.set(border ? wall : [MinigridObject.empty, 0, 0], 3 * i)
  }
  for (const [x, y, cell] of things) cells.set(cell, 3 * (7 * y + x))
  return { width: 7, height: 7, cells, x: 3, y: 3, direction: 0, carrying: null, steps: 0, maxSteps: 100 }
}

describe('keys', () => {
  const red: readonly [number, number, number] = [MinigridObject.key, MinigridColour.red, 0]
  const yellow = [MinigridObject.key, MinigridColour.yellow, 0] as const

  it('open no door of another colour', () => {
    const door = [MinigridObject.door, MinigridColour.yellow, DoorState.locked] as const
    const state = { ...room([[4, 3, door]]), carrying: red }
    const after = stepMinigrid(state, action('toggle')).state
    expect(after.cells[3 * (7 * 3 + 4) + 2]).toBe(DoorState.locked)
  })

  it('are carried one at a time', () => {
    const state = { ...room([[4, 3, yellow]]), carrying: red }
    const after = stepMinigrid(state, action('pickup')).state
    expect(after.carrying).toEqual(red)
    expect(after.cells).toEqual(state.cells)
  })
})

describe('sight', () => {
  it('reaches diagonally between two walls, on either hand', () => {
    const key = [MinigridObject.key, MinigridColour.red, 0] as const
    // ahead is (4, 3); the right hand is at (3, 4), the left one at (3, 2)
    const right = observeMinigrid(
      room([
        [4, 3, wall],
        [3, 4, wall],
        [4, 4, key],
      ]),
    )
    expect(right[3 * (4 * 7 + 5)]).toBe(MinigridObject.key)
    const left = observeMinigrid(
      room([
        [4, 3, wall],
        [3, 2, wall],
        [4, 2, key],
      ]),
    )
    expect(left[3 * (2 * 7 + 5)]).toBe(MinigridObject.key)
  })
})

describe('tables', () => {
  it('pay for the state that is left', () => {
    const world = vectorWorld(tabularDefinition(lineKey()), { copies: 2, seed: 0, autoreset: 'disabled' })
    world.reset({ states: [19, 1] })
    world.step([1, 2])
    expect([...world.states]).toEqual([20, 10])
    expect([...world.rewards]).toEqual([10, 0])
    expect([...world.terminated]).toEqual([1, 0])
  })
})

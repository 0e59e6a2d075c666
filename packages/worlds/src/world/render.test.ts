import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { flattenMinigrid, resetDoorKey } from '../grid/minigrid.ts'
import { chain, doorKeyWorld, findWorld, fourRoom, lineKey, tabularDefinition } from '../index.ts'

const at = (state: number) => Float64Array.of(state)

describe('pictures in characters', () => {
  it('show the rooms, their walls and gates', () => {
    expect(tabularDefinition(fourRoom()).text(at(8))).toBe(
      [
        '. . .|. . . G',
        '. . . . . . .',
        '. . .|. . . .',
        '. . .|. . . .',
        '-   - - -   -',
        '. . .|. . . .',
        '. A . . . . .',
        '. . .|. . . .',
      ].join('\n'),
    )
  })

  it('show the line with and without the key, and the end', () => {
    const line = tabularDefinition(lineKey({ length: 5 }))
    expect(line.text(at(2))).toBe('. . . . G\n. . A . .')
    expect(line.text(at(7))).toBe('. . A . G\n. . . . .')
    expect(line.text(at(10))).toBe('line-key: over')
    expect(tabularDefinition(chain({ leftCells: 2, rightCells: 2 })).text(at(4))).toBe('. . . . A')
  })

  it('show keys, doors and where the agent looks', () => {
    const definition = doorKeyWorld({ size: 5 })
    const layout = resetDoorKey(new Random(3), { size: 5 })
    const draw = (change: Partial<typeof layout>) =>
      definition.text(flattenMinigrid({ ...layout, ...change }, new Float64Array(definition.stateSize)))
    const text = draw({})
    expect(text.split('\n').map(row => row.length)).toEqual([5, 5, 5, 5, 5])
    for (const letter of ['k', 'L', 'G']) expect(text.split(letter)).toHaveLength(2)
    expect([0, 1, 2, 3].map(direction => draw({ direction }).match(/[>v<^]/)?.[0])).toEqual(['>', 'v', '<', '^'])
  })

  it('name the numbers of the others', () => {
    expect(findWorld('pendulum').text(Float64Array.of(1, -2.5))).toBe('pendulum: θ 1.000, θ̇ -2.500')
  })
})

describe('pictures', () => {
  it('put things where they are', () => {
    const cart = findWorld('cart-pole')
    // the cart is 50 wide, 100 to the metre, 240 in the middle
    expect(cart.svg(Float64Array.of(0, 0, 0, 0))).toContain('<rect x="215" y="135" width="50" height="30"')
    expect(cart.svg(Float64Array.of(1, 0, 0, 0))).toContain('<rect x="315" y="135" width="50" height="30"')
    expect(cart.svg(Float64Array.of(0, 0, Math.PI / 2, 0))).toContain('<line x1="240" y1="135" x2="340" y2="135"')
    // an upright pendulum points upwards, one at π downwards
    const pendulum = findWorld('pendulum')
    expect(pendulum.svg(Float64Array.of(0, 0))).toContain('<line x1="120" y1="120" x2="120" y2="30"')
    expect(pendulum.svg(Float64Array.of(Math.PI, 0))).toContain('<line x1="120" y1="120" x2="120" y2="210"')
  })

  it('are safe for any finite state', () => {
    for (const state of [
      [1e300, -1e300, 1e6, 0],
      [0, 0, -0, 0],
    ])
      expect(findWorld('cart-pole').svg(Float64Array.from(state))).not.toMatch(/NaN|Infinity|-0"/)
  })
})

import { describe, expect, it } from 'vitest'
import { type ShopTask, shopWorld as world } from './shop.ts'
import { writeAction } from './turns.ts'

const none = { size: [], pattern: [] }
const product = (category: string, colour: string, material: string, price: number, size: string[] = []) => {
  return { category, colour, material, price, offered: { ...none, size } }
}
const task: ShopTask = {
  id: 'a',
  level: 2,
  wish: { category: 'shirt', colour: 'red', material: 'wool', below: 30, options: { size: 'large' } },
  products: [
    product('shirt', 'red', 'wool', 28, ['small', 'medium']),
    product('shirt', 'red', 'cotton', 12, ['large']),
    product('mug', 'red', 'glass', 15),
    product('shirt', 'blue', 'wool', 20, ['large']),
    product('shirt', 'red', 'wool', 29, ['small', 'large']),
  ],
}
const act = (text: string): Int32Array => writeAction(world.vocabulary, text)

/** Plays these actions and gives what was seen and the facts of each. */
function play(...actions: string[]) {
  let state = world.start(task)
  return actions.map(text => {
    const outcome = world.step(state, act(text))
    state = outcome.state
    return { ...outcome, seen: world.vocabulary.decode(world.observe(state)) }
  })
}

describe('shop', () => {
  it('shows the wish, then screens: results by matching words, filters, pages of products, options', () => {
    expect(world.vocabulary.decode(world.observe(world.start(task)))).toBe('want red wool shirt size large below 3 0')
    const actions = [
      'search red shirt',
      'next',
      'back',
      'search red shirt',
      'filter wool',
      'click a',
      'back',
      'click b',
    ]
    const turns = play(...actions, 'choose large', 'buy')
    expect(turns.map(({ seen }) => seen)).toEqual([
      'results a red wool shirt 2 8 ; b red cotton shirt 1 2 ; c red wool shirt 2 9 ; d red glass mug 1 5 ; more',
      'results a blue wool shirt 2 0',
      'home',
      'results a red wool shirt 2 8 ; b red cotton shirt 1 2 ; c red wool shirt 2 9 ; d red glass mug 1 5 ; more',
      'results a red wool shirt 2 8 ; b red wool shirt 2 9 ; c blue wool shirt 2 0',
      'product red wool shirt 2 8 ; size small medium',
      'results a red wool shirt 2 8 ; b red wool shirt 2 9 ; c blue wool shirt 2 0',
      'product red wool shirt 2 9 ; size small large',
      'product red wool shirt 2 9 ; size small large ; chosen large',
      'closed',
    ])
    expect(turns.map(({ facts }) => facts['type']).join(' ')).toBe(
      'search next back search filter open back open choose buy',
    )
    // Without the size three of four things are right.
    expect(turns.map(({ facts }) => facts['match'])).toEqual([0, 0, 0, 0, 0, 0.75, 0, 0.75, 1, 1])
    expect(turns.map(({ reward }) => reward)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    expect(turns[9]).toMatchObject({ terminated: true, correct: true, facts: { bought: true } })
  })

  // Of colour, material, size and price limit, the share that is met; a tenth of it for a mug.
  it.each([
    [['search red wool', 'click a', 'buy'], 0.75],
    [['search cotton shirt', 'click a', 'choose large', 'buy'], 0.75],
    [['search cotton shirt', 'click a', 'buy'], 0.5],
    [['search mug', 'click a', 'buy'], 0.05],
    [['search blue shirt', 'click a', 'choose large', 'buy'], 0.75],
  ])('grades %j', (actions, match) => {
    const turns = play(...actions)
    expect(turns[turns.length - 1]).toMatchObject({ reward: match, terminated: true, correct: false })
  })

  it.each([
    ['next', true],
    ['back', true],
    ['click a', true],
    ['buy', true],
    ['choose large', true],
    ['filter red', true],
    ['search', false],
    ['search red wool shirt', false],
    ['search large', false],
    ['filter below', false],
    ['click red', false],
    ['buy buy', false],
    ['', false],
  ])('refuses "%s" before the first search, readable or not', (text, wellFormed) => {
    const [turn] = play(text)
    expect(turn).toMatchObject({ terminated: false, reward: 0, facts: { wellFormed, admissible: false } })
    expect(turn.seen).toBe('refused home')
  })

  it('refuses options the product does not have, and filters twice', () => {
    const turns = play('search red wool', 'filter wool', 'filter wool', 'click a', 'choose large')
    expect(turns.map(({ facts }) => facts['admissible'])).toEqual([true, true, false, true, false])
    expect(play('search chair')[0].seen).toBe('nothing found')
  })

  it('counts the details of an action and which of them were wished for', () => {
    const turns = play('search red mug', 'filter wool', 'filter below 3 0', 'filter below 2 0', 'next')
    expect(turns.map(({ facts }) => [facts['attributes'], facts['wanted']])).toEqual([
      [2, 1],
      [1, 1],
      [1, 1],
      [1, 0],
      [0, 0],
    ])
  })

  it('gives actions in the terms of shopping logs', () => {
    expect(world.shopperAction(act('search red shirt'))).toEqual({
      type: 'type_and_submit',
      name: 'search',
      text: 'red shirt',
    })
    expect(world.shopperAction(act('filter below 3 0'))).toEqual({
      type: 'type_and_submit',
      name: 'filter',
      text: 'below 30',
    })
    expect(world.shopperAction(act('click b'))).toEqual({ type: 'click', name: 'b' })
    expect(world.shopperAction(act('buy'))).toEqual({ type: 'click', name: 'buy' })
    expect(world.shopperAction(act('leave'))).toEqual({ type: 'terminate' })
    expect(world.shopperAction(act('red'))).toBeUndefined()
  })

  it('ends unsolved on leaving and when its turns run out', () => {
    expect(play('leave')[0]).toMatchObject({ terminated: true, correct: false, reward: 0 })
    const turns = play(...Array.from({ length: world.maximumTurns }, () => 'search red'))
    expect(turns[turns.length - 1]).toMatchObject({ terminated: false, truncated: true, correct: false })
  })
})

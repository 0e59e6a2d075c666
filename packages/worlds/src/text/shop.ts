import { type CardRow, card } from './card.ts'
import {
  categories,
  colours,
  drawShop,
  gradeOf,
  materials,
  optionKinds,
  options,
  type ShopShape,
  type ShopTask,
  wishWords,
} from './shop/products.ts'
import {
  afterMove,
  firstScreen,
  moveWords,
  places,
  readMove,
  type Screen,
  type ShopMove,
  screenWords,
} from './shop/screens.ts'
import { shopMoves, shopperMove } from './shop/shopper.ts'
import type { TextWorld } from './text-world.ts'
import { assertLevel, assertRunning, digits, readAction, writeAction } from './turns.ts'
import { vocabularyOf } from './vocabulary.ts'

export type { Product, ShopTask, Wish } from './shop/products.ts'
export type { Screen, ShopMove } from './shop/screens.ts'

const levels: readonly ShopShape[] = [
  { products: 3, nearMisses: 1, material: false, price: false, options: [] },
  { products: 6, nearMisses: 3, material: false, price: true, options: [] },
  { products: 12, nearMisses: 5, material: true, price: true, options: ['size'] },
  { products: 20, nearMisses: 8, material: true, price: true, options: ['size', 'pattern'] },
  { products: 40, nearMisses: 16, material: true, price: true, options: ['size', 'pattern'] },
]

/** Where an episode stands. */
export interface ShopState {
  readonly task: ShopTask
  readonly screen: Screen
  /** Numbers of the products looked at since the last search. */
  readonly opened: readonly number[]
  /** Whether the last action could not be done. */
  readonly refused: boolean
  /** Match of what was bought, in [0, 1]; null as long as nothing is. */
  readonly bought: number | null
  readonly turn: number
  readonly over: boolean
}

/** What a shopper did, in the three types of simulated human shopping: click, type_and_submit, terminate. */
export interface ShopperAction {
  readonly type: 'click' | 'type_and_submit' | 'terminate'
  /** The element clicked, or the field typed into. */
  readonly name?: string
  /** The text typed. */
  readonly text?: string
}

/** The shop, with its actions as data. */
export interface ShopWorld extends TextWorld<ShopTask, ShopState> {
  actions(state: ShopState): readonly Int32Array[]
  /** An action in the terms of shopping logs; undefined when it cannot be read. */
  shopperAction(action: ArrayLike<number>): ShopperAction | undefined
}

const maximumTurns = 40
const verbs = ['search', 'filter', 'click', 'choose', 'next', 'back', 'buy', 'leave'] as const
const vocabulary = vocabularyOf([
  ...verbs,
  ...['want', 'below', ';', 'home', 'results', 'more', 'product', 'chosen', 'nothing', 'found', 'refused', 'closed'],
  ...places,
  ...digits,
  ...categories,
  ...colours,
  ...materials,
  ...optionKinds,
  ...optionKinds.flatMap(kind => [...options[kind]]),
])

/**
 * A shop with a search box, filters, pages of results and pages of products with options to choose. Moves: `search` and
 * one or two words, `filter` and a word or `below` and a price, `click` and a place, `next`, `choose` and an option,
 * `back`, `buy`, `leave`. What a listing does not tell (whether a size can be had) shows on the product's page only.
 *
 * Reward: at `buy` the share of the wish that is met, times 0.1 for another kind of thing; 0 else. `correct` only when all
 * of it is met. Facts of a turn: `type` (the move's, `below` and `filter` apart; `malformed`); `wellFormed`;
 * `admissible`; `attributes` (details given: words, a price, a place, an option); `wanted` (words among them that the wish
 * names); `match` (grade of the product in view with the options chosen, 0 elsewhere); `bought`.
 */
export const shopWorld: ShopWorld = {
  name: 'shop',
  about: 'Find a product in a shop, choose its options and buy it.',
  vocabulary,
  levels: levels.length,
  maximumTurns,
  // `filter below` and a price of four digits.
  maximumActionLength: 7,
  maximumObservationLength: 31,

  task(level, random) {
    assertLevel(level, levels.length)
    return drawShop(level, levels[level], random)
  },

  start: task => ({ task, screen: firstScreen, opened: [], refused: false, bought: null, turn: 0, over: false }),

  observe(state) {
    if (state.turn === 0) return vocabulary.encode(wishWords(state.task.wish))
    if (state.over) return vocabulary.encode('closed')
    const seen = screenWords(state.task, state.screen)
    return vocabulary.encode(state.refused ? `refused ${seen}` : seen)
  },

  step(state, action) {
    assertRunning(state.over, 'shop')
    const { words, complete } = readAction(vocabulary, action)
    const move = complete ? readMove(words) : undefined
    const { task } = state
    const looked = state.screen.product
    const next = move && afterMove(task, state.screen, move)
    const bought = move?.type === 'buy' && looked !== null
    const terminated = bought || move?.type === 'leave'
    const turn = state.turn + 1
    const truncated = !terminated && turn >= maximumTurns
    const over = terminated || truncated
    const screen = next ?? state.screen
    const match = screen.product === null ? 0 : gradeOf(task.wish, task.products[screen.product], screen.chosen)
    const opened = move?.type === 'search' ? [] : state.opened
    const opens = move?.type === 'open' && screen.product !== null && !opened.includes(screen.product)
    return {
      state: {
        task,
        screen,
        opened: opens && screen.product !== null ? [...opened, screen.product] : opened,
        refused: !terminated && next === undefined,
        bought: bought ? match : null,
        turn,
        over,
      },
      reward: bought ? match : 0,
      terminated,
      truncated,
      ...(over && { correct: bought && match === 1 }),
      facts: {
        type: move?.type ?? 'malformed',
        wellFormed: move !== undefined,
        admissible: terminated || next !== undefined,
        ...details(task, move),
        match,
        bought,
      },
    }
  },

  expert: state => writeAction(vocabulary, moveWords(shopperMove(state.task, state.screen, state.opened))),

  actions: state =>
    state.over ? [] : shopMoves(state.task, state.screen).map(move => writeAction(vocabulary, moveWords(move))),

  shopperAction(action) {
    const { words, complete } = readAction(vocabulary, action)
    const move = complete ? readMove(words) : undefined
    if (!move) return undefined
    if (move.type === 'leave') return { type: 'terminate' }
    if (move.type === 'search' || move.type === 'filter') {
      return { type: 'type_and_submit', name: move.type, text: move.words.join(' ') }
    }
    if (move.type === 'below') return { type: 'type_and_submit', name: 'filter', text: `below ${move.price}` }
    return { type: 'click', name: words.length > 1 ? words[1] : words[0] }
  },

  text: state =>
    rowsOf(state)
      .map(({ label, text }) => `${label}: ${text}`)
      .join('\n'),
  svg: state => card('shop', rowsOf(state)),
}

function details(task: ShopTask, move: ShopMove | undefined): { readonly attributes: number; readonly wanted: number } {
  if (!move) return { attributes: 0, wanted: 0 }
  const { wish } = task
  const names = [wish.category, wish.colour, wish.material, ...optionKinds.map(kind => wish.options[kind])]
  if (move.type === 'search' || move.type === 'filter') {
    return { attributes: move.words.length, wanted: move.words.filter(word => names.includes(word)).length }
  }
  if (move.type === 'below') return { attributes: 1, wanted: move.price === wish.below ? 1 : 0 }
  if (move.type === 'choose') return { attributes: 1, wanted: names.includes(move.option) ? 1 : 0 }
  return { attributes: move.type === 'open' ? 1 : 0, wanted: 0 }
}

function rowsOf(state: ShopState): readonly CardRow[] {
  const { query, filters, below } = state.screen
  const asked = [...query, ...filters, ...(below === null ? [] : [`below ${below}`])].join(' ')
  const end = state.bought === null ? 'nothing' : `a match of ${Math.round(state.bought * 100) / 100}`
  return [
    { label: 'wish', text: wishWords(state.task.wish), tone: 'agent' },
    { label: 'asked', text: asked || 'nothing yet' },
    { label: 'screen', text: screenWords(state.task, state.screen), tone: state.refused ? 'bad' : 'plain' },
    { label: 'bought', text: state.over ? end : 'not yet', tone: state.bought === 1 ? 'good' : 'plain' },
  ]
}

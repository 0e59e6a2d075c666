import { numberWords, readNumber } from '../turns.ts'
import {
  type Choice,
  categories,
  colours,
  findProducts,
  listingWords,
  materials,
  type OptionKind,
  optionKinds,
  options,
  type Product,
  type ShopTask,
} from './products.ts'

/** What can be done in the shop. */
export type ShopMove =
  | { readonly type: 'search' | 'filter'; readonly words: readonly string[] }
  | { readonly type: 'below'; readonly price: number }
  | { readonly type: 'open'; readonly place: number }
  | { readonly type: 'choose'; readonly kind: OptionKind; readonly option: string }
  | { readonly type: 'next' | 'back' | 'buy' | 'leave' }

/** Where a shopper is. */
export interface Screen {
  readonly query: readonly string[]
  readonly filters: readonly string[]
  readonly below: number | null
  /** Page of the results, from 0. */
  readonly page: number
  /** Number of the product looked at, or null. */
  readonly product: number | null
  readonly chosen: Choice
}

/** Names of the places of a page of results. */
export const places: readonly string[] = ['a', 'b', 'c', 'd']

/** Most words of a query: the search box is small. */
export const longestQuery = 2

/** Before the first search. */
export const firstScreen: Screen = { query: [], filters: [], below: null, page: 0, product: null, chosen: {} }

/** Words that can be searched for. */
export const searchWords: readonly string[] = [...colours, ...materials, ...categories]

/** Reads an action; undefined when it is none. */
export function readMove(words: readonly string[]): ShopMove | undefined {
  const [verb, ...rest] = words
  if (rest.length === 0 && (verb === 'next' || verb === 'back' || verb === 'buy' || verb === 'leave'))
    return { type: verb }
  if (verb === 'search') {
    const fits = rest.length > 0 && rest.length <= longestQuery && rest.every(word => searchWords.includes(word))
    return fits ? { type: 'search', words: rest } : undefined
  }
  if (verb === 'filter' && rest[0] === 'below') {
    const price = readNumber(rest.slice(1))
    return price === undefined ? undefined : { type: 'below', price }
  }
  if (rest.length !== 1) return undefined
  if (verb === 'filter') return searchWords.includes(rest[0]) ? { type: 'filter', words: rest } : undefined
  if (verb === 'click') {
    const place = places.indexOf(rest[0])
    return place === -1 ? undefined : { type: 'open', place }
  }
  const kind = optionKinds.find(name => options[name].some(option => option === rest[0]))
  return verb === 'choose' && kind ? { type: 'choose', kind, option: rest[0] } : undefined
}

/** Numbers of all products found, and of those on the page. */
export function results(
  task: ShopTask,
  screen: Screen,
): { readonly all: readonly number[]; readonly page: readonly number[] } {
  const all = findProducts(task.products, screen.query, screen.filters, screen.below)
  return { all, page: all.slice(screen.page * places.length, (screen.page + 1) * places.length) }
}

/**
 * The screen after a move that leads to another; undefined for a move that cannot be made here. Buying and leaving are
 * not moves between screens.
 */
export function afterMove(task: ShopTask, screen: Screen, move: ShopMove): Screen | undefined {
  if (move.type === 'search') return { ...firstScreen, query: move.words }
  if (screen.query.length === 0) return undefined
  if (screen.product !== null) {
    if (move.type === 'back') return { ...screen, product: null, chosen: {} }
    const offered = move.type === 'choose' && task.products[screen.product].offered[move.kind].includes(move.option)
    return offered ? { ...screen, chosen: { ...screen.chosen, [move.kind]: move.option } } : undefined
  }
  const { all, page } = results(task, screen)
  if (move.type === 'back') return firstScreen
  if (move.type === 'filter' && screen.filters.includes(move.words[0])) return undefined
  if (move.type === 'filter') return { ...screen, filters: [...screen.filters, ...move.words], page: 0 }
  if (move.type === 'below' && screen.below === move.price) return undefined
  if (move.type === 'below') return { ...screen, below: move.price, page: 0 }
  if (move.type === 'next') {
    return (screen.page + 1) * places.length < all.length ? { ...screen, page: screen.page + 1 } : undefined
  }
  return move.type === 'open' && move.place < page.length ? { ...screen, product: page[move.place] } : undefined
}

/** What is to be seen, in words. */
export function screenWords(task: ShopTask, screen: Screen): string {
  if (screen.query.length === 0) return 'home'
  if (screen.product !== null) return productWords(task.products[screen.product], screen.chosen)
  const { all, page } = results(task, screen)
  if (page.length === 0) return 'nothing found'
  const listed = page.map((number, place) => `${places[place]} ${listingWords(task.products[number])}`)
  const more = (screen.page + 1) * places.length < all.length ? ' ; more' : ''
  return `results ${listed.join(' ; ')}${more}`
}

function productWords(product: Product, chosen: Choice): string {
  const parts = [`product ${listingWords(product)}`]
  for (const kind of optionKinds) {
    if (product.offered[kind].length > 0) parts.push(`${kind} ${product.offered[kind].join(' ')}`)
  }
  const made = optionKinds.flatMap(kind => chosen[kind] ?? [])
  return [...parts, ...(made.length > 0 ? [`chosen ${made.join(' ')}`] : [])].join(' ; ')
}

/** A move in words. */
export function moveWords(move: ShopMove): string {
  if (move.type === 'search' || move.type === 'filter') return `${move.type} ${move.words.join(' ')}`
  if (move.type === 'below') return `filter below ${numberWords(move.price)}`
  if (move.type === 'open') return `click ${places[move.place]}`
  return move.type === 'choose' ? `choose ${move.option}` : move.type
}

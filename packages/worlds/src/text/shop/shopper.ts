import { listingFits, optionKinds, type ShopTask } from './products.ts'
import { afterMove, results, type Screen, type ShopMove } from './screens.ts'

/**
 * The next move of a good shopper who knows only what was seen: searches by colour and kind, narrows by material and
 * price, opens what fits, goes back where a wanted option is missing, and buys.
 *
 * @param opened numbers of the products that have been looked at
 */
export function shopperMove(task: ShopTask, screen: Screen, opened: readonly number[]): ShopMove {
  const { wish } = task
  if (screen.product !== null) {
    const product = task.products[screen.product]
    const missing = optionKinds.find(kind => wish.options[kind] && !product.offered[kind].includes(wish.options[kind]))
    if (missing || !listingFits(wish, product)) return { type: 'back' }
    const kind = optionKinds.find(
      name => wish.options[name] !== undefined && screen.chosen[name] !== wish.options[name],
    )
    return kind ? { type: 'choose', kind, option: wish.options[kind] ?? '' } : { type: 'buy' }
  }
  const search: ShopMove = { type: 'search', words: [wish.colour, wish.category] }
  if (search.words.join() !== screen.query.join()) return search
  if (screen.filters.some(word => word !== wish.material)) return search
  if (screen.below !== null && screen.below !== wish.below) return search
  if (wish.material !== null && screen.filters.length === 0) return { type: 'filter', words: [wish.material] }
  if (wish.below !== null && screen.below === null) return { type: 'below', price: wish.below }
  const { all, page } = results(task, screen)
  const place = page.findIndex(number => !opened.includes(number) && listingFits(wish, task.products[number]))
  if (place !== -1) return { type: 'open', place }
  // What fits may stand on an earlier page, or have been left once though it was right: begin again, then open all again.
  return afterMove(task, screen, { type: 'next' }) && all.length > 0 ? { type: 'next' } : search
}

/** Moves worth telling apart on a screen. */
export function shopMoves(task: ShopTask, screen: Screen): readonly ShopMove[] {
  const { wish } = task
  const leave: ShopMove = { type: 'leave' }
  if (screen.query.length === 0) {
    const queries = [[wish.colour, wish.category], [wish.category], [wish.colour]]
    return [...queries.map(words => ({ type: 'search' as const, words })), leave]
  }
  if (screen.product !== null) {
    const { offered } = task.products[screen.product]
    const choices = optionKinds.flatMap(kind =>
      offered[kind].map(option => ({ type: 'choose' as const, kind, option })),
    )
    return [...choices, { type: 'buy' }, { type: 'back' }, leave]
  }
  const opens = results(task, screen).page.map((_, place) => ({ type: 'open' as const, place }))
  const narrowing: ShopMove[] = []
  if (wish.material !== null) narrowing.push({ type: 'filter', words: [wish.material] })
  if (wish.below !== null) narrowing.push({ type: 'below', price: wish.below })
  const others: readonly ShopMove[] = [...narrowing, { type: 'next' }, { type: 'back' }]
  return [...opens, ...others.filter(move => afterMove(task, screen, move)), leave]
}

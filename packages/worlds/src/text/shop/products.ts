import type { Random } from '@guerdon/core'
import { numberWords } from '../turns.ts'

export const categories = ['shirt', 'shoe', 'lamp', 'chair', 'mug', 'bag'] as const
export const colours = ['red', 'blue', 'green', 'black', 'white'] as const
export const materials = ['cotton', 'wool', 'wood', 'metal', 'glass', 'leather'] as const
/** What is chosen on the page of a product, by kind. */
export const options = { size: ['small', 'medium', 'large'], pattern: ['plain', 'striped', 'dotted'] } as const

/** A kind of option. */
export type OptionKind = keyof typeof options

/** Kinds of options in the order they are shown. */
export const optionKinds: readonly OptionKind[] = ['size', 'pattern']

/** Chosen options; a kind that is not there has not been chosen. */
export type Choice = Readonly<Partial<Record<OptionKind, string>>>

/** Something for sale. */
export interface Product {
  readonly category: string
  readonly colour: string
  readonly material: string
  readonly price: number
  /** Options that can be had, by kind; empty where the product has no such choice. */
  readonly offered: Readonly<Record<OptionKind, readonly string[]>>
}

/** What is to be bought. What is null does not matter. */
export interface Wish {
  readonly category: string
  readonly colour: string
  readonly material: string | null
  /** Highest price. */
  readonly below: number | null
  readonly options: Choice
}

/** A shop and a wish that can be met in it. */
export interface ShopTask {
  readonly id: string
  readonly level: number
  readonly wish: Wish
  readonly products: readonly Product[]
}

/** How the shop of a level looks. */
export interface ShopShape {
  readonly products: number
  /** Products that differ from the wanted one in one thing. */
  readonly nearMisses: number
  readonly material: boolean
  readonly price: boolean
  readonly options: readonly OptionKind[]
}

/** A wish in words. */
export function wishWords({ category, colour, material, below, options: wanted }: Wish): string {
  const parts = ['want', colour, material, category]
  for (const kind of optionKinds) if (wanted[kind]) parts.push(kind, wanted[kind])
  if (below !== null) parts.push('below', numberWords(below))
  return parts.filter(Boolean).join(' ')
}

/** A product as it is listed. */
export function listingWords({ colour, material, category, price }: Product): string {
  return `${colour} ${material} ${category} ${numberWords(price)}`
}

/**
 * How well a purchase meets a wish, in [0, 1]: of the wanted colour, material, options and price limit the share that is
 * met, times 0.1 when it is not the wanted kind of thing at all (as WebShop's reward, whose type match is graded likewise).
 */
export function gradeOf(wish: Wish, product: Product, chosen: Choice): number {
  const met = [product.colour === wish.colour]
  if (wish.material !== null) met.push(product.material === wish.material)
  for (const kind of optionKinds) if (wish.options[kind] !== undefined) met.push(chosen[kind] === wish.options[kind])
  if (wish.below !== null) met.push(product.price <= wish.below)
  const share = met.filter(Boolean).length / met.length
  return product.category === wish.category ? share : 0.1 * share
}

/** Whether a product can be the wanted one, as far as its listing tells. */
export function listingFits(wish: Wish, product: Product): boolean {
  const { category, colour, material, price } = product
  if (category !== wish.category || colour !== wish.colour) return false
  return (wish.material === null || material === wish.material) && (wish.below === null || price <= wish.below)
}

/** Numbers of the products that have any of the query's words, those with more first, that pass all filters. */
export function findProducts(
  products: readonly Product[],
  query: readonly string[],
  filters: readonly string[],
  below: number | null,
): readonly number[] {
  const hits = (product: Product, words: readonly string[]): number =>
    words.filter(word => word === product.category || word === product.colour || word === product.material).length
  return products
    .map((product, number) => ({ product, number, score: hits(product, query) }))
    .filter(({ product, score }) => {
      return score > 0 && hits(product, filters) === filters.length && (below === null || product.price <= below)
    })
    .sort((a, b) => b.score - a.score || a.number - b.number)
    .map(({ number }) => number)
}

/** Draws a shop with the wanted product somewhere in it. */
export function drawShop(level: number, shape: ShopShape, random: Random): ShopTask {
  const kinds = shape.options
  const some = (kind: OptionKind): readonly string[] =>
    kinds.includes(kind) ? options[kind].filter(() => random.bernoulli(0.6)) : []
  const product = (): Product => ({
    category: random.choice(categories),
    colour: random.choice(colours),
    material: random.choice(materials),
    price: 10 + random.integer(40),
    offered: { size: some('size'), pattern: some('pattern') },
  })
  const first = product()
  const wanted = Object.fromEntries(kinds.map(kind => [kind, random.choice(options[kind])])) as Choice
  const withWanted = (kind: OptionKind): readonly string[] =>
    options[kind].filter(option => option === wanted[kind] || first.offered[kind].includes(option))
  const goal = { ...first, offered: { size: withWanted('size'), pattern: withWanted('pattern') } }
  const wish: Wish = {
    category: goal.category,
    colour: goal.colour,
    material: shape.material ? goal.material : null,
    below: shape.price ? goal.price + random.integer(5) : null,
    options: wanted,
  }
  const products = [goal]
  while (products.length < shape.products) {
    const other = product()
    products.push(products.length <= shape.nearMisses ? nearMiss(goal, other, wish, random) : other)
  }
  random.shuffle(products)
  const stock = products.map(item => `${listingWords(item)} ${Object.values(item.offered).flat().join(' ')}`)
  return { id: `${wishWords(wish)} (${stock.join(', ')})`, level, wish, products }
}

/** The goal with one thing of another product, or without a wanted option, or too dear. */
function nearMiss(goal: Product, other: Product, wish: Wish, random: Random): Product {
  const misses: Product[] = [
    { ...goal, category: other.category, price: other.price },
    { ...goal, colour: other.colour, price: other.price },
  ]
  if (wish.material !== null) misses.push({ ...goal, material: other.material })
  if (wish.below !== null) misses.push({ ...goal, price: wish.below + 1 + random.integer(9) })
  for (const kind of optionKinds) {
    const offered = goal.offered[kind].filter(option => option !== wish.options[kind])
    if (wish.options[kind]) misses.push({ ...goal, offered: { ...goal.offered, [kind]: offered } })
  }
  return random.choice(misses)
}

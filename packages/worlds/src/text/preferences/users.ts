import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import { attributes, userNames } from './answers.ts'

/** Somebody with a taste; plain JSON. */
export interface User {
  readonly name: string
  /** [attributes] what each attribute is worth to this user. */
  readonly weights: readonly number[]
}

/** How a population is drawn. */
export interface PopulationOptions {
  readonly count: number
  readonly random: Random
  /**
   * `likes`: each user likes two attributes (+1) and dislikes two others (−1). `opposite`: such users in pairs whose
   * weights are each other's negatives. `directions`: unit vectors in all directions. Default `likes`.
   */
  readonly kind?: 'likes' | 'opposite' | 'directions'
}

/** Draws users; names repeat with a number after them when there are more users than names. */
export function drawUsers(options: PopulationOptions): User[] {
  const { count, random, kind = 'likes' } = options
  assertInteger(count, 'count', 1)
  const users: User[] = []
  while (users.length < count) {
    const weights = kind === 'directions' ? direction(random) : likesAndDislikes(random)
    users.push({ name: nameOf(users.length), weights })
    if (kind === 'opposite' && users.length < count) {
      users.push({ name: nameOf(users.length), weights: weights.map(weight => 0 - weight) })
    }
  }
  return users
}

/** The mean taste: what a reward model that knows no users can learn at best, up to scale. */
export function meanWeights(users: readonly User[]): number[] {
  if (users.length === 0) throw new GuerdonError('empty', 'expected at least one user; got none', { path: ['users'] })
  return attributes.map((_, i) => users.reduce((sum, { weights }) => sum + weights[i], 0) / users.length)
}

function nameOf(index: number): string {
  const name = userNames[index % userNames.length]
  return index < userNames.length ? name : `${name}${Math.floor(index / userNames.length) + 1}`
}

function likesAndDislikes(random: Random): number[] {
  const order = random.permutation(attributes.length)
  const weights = new Array<number>(attributes.length).fill(0)
  weights[order[0]] = weights[order[1]] = 1
  weights[order[2]] = weights[order[3]] = -1
  return weights
}

function direction(random: Random): number[] {
  const draws = Array.from(random.normals(attributes.length))
  const length = Math.hypot(...draws)
  return draws.map(draw => draw / length)
}

import { GuerdonError, type Random } from '@guerdon/core'
import type { Box } from '../boxes.ts'
import { cellToken, colours, directions, kinds } from './concepts.ts'

/** One object; its box has whole coordinates, x2 and y2 just past the last cell. */
export interface SceneObject {
  /** Index into `colours`. */
  readonly colour: number
  /** Index into `kinds`. */
  readonly kind: number
  readonly box: Box
}

/** Kinds of questions, in the order in which they become possible by level. */
export const questionKinds = ['count', 'find', 'where', 'describe'] as const
/** Name of a kind of question. */
export type QuestionKind = (typeof questionKinds)[number]

/** What is asked of an image. */
export type SceneQuestion =
  | { readonly kind: 'count'; readonly colour: number }
  | { readonly kind: 'find'; readonly colour: number; readonly object: number }
  | { readonly kind: 'where'; readonly of: number; readonly from: number }
  | { readonly kind: 'describe' }

/** An image and a question; plain JSON. */
export interface SceneTask {
  readonly id: string
  readonly level: number
  /** Side of the image in cells. */
  readonly side: number
  readonly objects: readonly SceneObject[]
  readonly question: SceneQuestion
}

const sizes = [
  { side: 4, fewest: 1, most: 2, largest: 2, looks: 3, questions: 2 },
  { side: 6, fewest: 2, most: 3, largest: 2, looks: 4, questions: 3 },
  { side: 8, fewest: 3, most: 5, largest: 3, looks: 6, questions: 4 },
  { side: 10, fewest: 5, most: 7, largest: 3, looks: 6, questions: 4 },
] as const
const placementTries = 40

/** Number of difficulty levels. */
export const sceneLevels = sizes.length

/**
 * Draws an image and a question of one of the given kinds that the level has; a kind the image has no question for gives
 * way to counting.
 */
export function sceneTask(level: number, random: Random, allowed: readonly QuestionKind[] = questionKinds): SceneTask {
  const { side, fewest, most, largest, looks, questions } = sizes[level]
  const possible = questionKinds.slice(0, questions).filter(kind => allowed.includes(kind))
  if (possible.length === 0) {
    throw new GuerdonError('invalid_option', `expected questions level ${level} has; got ${allowed.join(', ')}`, {
      path: ['questions'],
      hint: `level ${level} has ${questionKinds.slice(0, questions).join(', ')}`,
    })
  }
  const wanted = fewest + random.integer(most - fewest + 1)
  const objects: SceneObject[] = []
  for (let attempt = 0; attempt < placementTries && objects.length < wanted; attempt++) {
    const [width, height] = [1 + random.integer(largest), 1 + random.integer(largest)]
    const [x, y] = [random.integer(side - width + 1), random.integer(side - height + 1)]
    const look = { colour: random.integer(looks), kind: random.integer(looks) }
    const candidate: SceneObject = { ...look, box: [x, y, x + width, y + height] }
    if (objects.every(other => canStandTogether(other, candidate))) objects.push(candidate)
  }
  const question = drawQuestion(random.choice(possible), objects, random)
  return { id: `scenes ${level} ${JSON.stringify({ objects, question })}`, level, side, objects, question }
}

/** Objects never overlap, and equal ones never touch, so that the cells alone tell the boxes. */
function canStandTogether(a: SceneObject, b: SceneObject): boolean {
  const margin = a.colour === b.colour && a.kind === b.kind ? 1 : 0
  const apart = (low: number, high: number): boolean =>
    a.box[high] + margin <= b.box[low] || b.box[high] + margin <= a.box[low]
  return apart(0, 2) || apart(1, 3)
}

function drawQuestion(kind: QuestionKind, objects: readonly SceneObject[], random: Random): SceneQuestion {
  if (kind === 'describe') return { kind }
  if (kind === 'find') {
    const { colour, kind: object } = random.choice(objects)
    return { kind, colour, object }
  }
  const pairs = kind === 'where' ? comparablePairs(objects) : []
  if (pairs.length > 0) {
    const [of, from] = random.choice(pairs)
    return { kind: 'where', of, from }
  }
  return {
    kind: 'count',
    colour: random.bernoulli(0.75) ? random.choice(objects).colour : random.integer(colours.length),
  }
}

/** Ordered pairs of objects with looks of their own, one of which lies clearly to one side of the other. */
function comparablePairs(objects: readonly SceneObject[]): (readonly [number, number])[] {
  const unique = objects.flatMap((object, i) =>
    objects.filter(other => sameLook(other, object)).length === 1 ? [i] : [],
  )
  return unique.flatMap(of =>
    unique
      .filter(from => from !== of && directionFrom(objects[of], objects[from]) !== undefined)
      .map(from => [of, from] as const),
  )
}

function sameLook(a: SceneObject, b: SceneObject): boolean {
  return a.colour === b.colour && a.kind === b.kind
}

/** Where `of` lies as seen from `from`: the side with the widest gap between them; undefined when two gaps are equal. */
export function directionFrom(of: SceneObject, from: SceneObject): (typeof directions)[number] | undefined {
  const [a, b] = [of.box, from.box]
  const gaps = [b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3]]
  const widest = Math.max(...gaps)
  const at = gaps.indexOf(widest)
  return widest >= 0 && gaps.lastIndexOf(widest) === at ? directions[at] : undefined
}

/** The image row by row: `.` for an empty cell, `/` after each row. */
export function imageWords({ side, objects }: SceneTask): string {
  const cells = Array.from({ length: side }, () => new Array<string>(side).fill('.'))
  for (const { colour, kind, box } of objects) {
    for (let y = box[1]; y < box[3]; y++) cells[y].fill(cellToken(colour, kind), box[0], box[2])
  }
  return cells.map(row => `${row.join(' ')} /`).join(' ')
}

/** The question in words. */
export function questionWords({ question, objects }: SceneTask): string {
  if (question.kind === 'describe') return 'describe'
  if (question.kind === 'count') return `count ${colours[question.colour][0]} things`
  if (question.kind === 'find') return `find ${colours[question.colour][0]} ${kinds[question.object][0]}`
  return `where is ${lookWords(objects[question.of])} from ${lookWords(objects[question.from])}`
}

/** Colour and kind of an object, in the first words for them. */
export function lookWords({ colour, kind }: SceneObject): string {
  return `${colours[colour][0]} ${kinds[kind][0]}`
}

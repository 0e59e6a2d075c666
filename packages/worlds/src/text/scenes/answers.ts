import { type Box, boxIou } from '../boxes.ts'
import type { Judgement } from '../single-turn.ts'
import type { ActionWords } from '../turns.ts'
import { directions, fillers, kinds, wordConcept } from './concepts.ts'
import { directionFrom, lookWords, type SceneTask } from './tasks.ts'

/** The boxes a question asks for: of the objects that have the wanted look; none for other questions. */
export function wantedBoxes({ objects, question }: SceneTask): readonly Box[] {
  if (question.kind !== 'find') return []
  return objects
    .filter(object => object.colour === question.colour && object.kind === question.object)
    .map(({ box }) => box)
}

/** The right answer in words; of descriptions the one that names every look once, in reading order, in the first words. */
export function sceneReference(task: SceneTask): string {
  const { objects, question } = task
  if (question.kind === 'find') return boxWords(wantedBoxes(task))
  if (question.kind === 'count') return String(objects.filter(({ colour }) => colour === question.colour).length)
  if (question.kind === 'where') return directionFrom(objects[question.of], objects[question.from]) ?? ''
  const inOrder = [...objects].sort((a, b) => a.box[1] - b.box[1] || a.box[0] - b.box[0])
  return [...new Set(inOrder.map(lookWords))].join(' and ')
}

/** Boxes in words: `( 1 2 3 4 ) ( … )`. */
export function boxWords(boxes: readonly Box[]): string {
  return boxes.map(box => `( ${box.join(' ')} )`).join(' ')
}

/** Reads `( x1 y1 x2 y2 )` one or several times; undefined for anything else, and for a box without area. */
export function readBoxWords(words: readonly string[]): readonly Box[] | undefined {
  if (words.length === 0 || words.length % 6 !== 0) return undefined
  const boxes: Box[] = []
  for (let at = 0; at < words.length; at += 6) {
    const [open, ...rest] = words.slice(at, at + 6)
    const [x1, y1, x2, y2] = rest.slice(0, 4).map(word => (/^\d+$/.test(word) ? Number(word) : Number.NaN))
    if (open !== '(' || rest[4] !== ')' || !(x1 < x2) || !(y1 < y2)) return undefined
    boxes.push([x1, y1, x2, y2])
  }
  return boxes
}

/** Intersection over union of each wanted box with its own prediction: greedily, best overlap first; 0 without one. */
export function matchedIous(wanted: readonly Box[], predicted: readonly Box[]): number[] {
  const pairs = wanted.flatMap((box, w) => predicted.map((other, p) => ({ w, p, iou: boxIou(box, other) })))
  pairs.sort((a, b) => b.iou - a.iou || a.w - b.w || a.p - b.p)
  const ious = wanted.map(() => 0)
  const taken = new Set<number>()
  const done = new Set<number>()
  for (const { w, p, iou } of pairs) {
    if (done.has(w) || taken.has(p)) continue
    ious[w] = iou
    done.add(w)
    taken.add(p)
  }
  return ious
}

/** Looks a description names, as `colour kind` in first words: a colour word with the next kind word after it. */
export function describedLooks(words: readonly string[]): ReadonlySet<string> {
  const looks = new Set<string>()
  let colour: string | undefined
  for (const word of words) {
    const concept = wordConcept(word)
    if (concept === undefined) continue
    if (!kindConcepts.has(concept)) colour = concept
    else if (colour !== undefined) {
      looks.add(`${colour} ${concept}`)
      colour = undefined
    }
  }
  return looks
}

const kindConcepts: ReadonlySet<string> = new Set(kinds.map(words => words[0]))

/** Precision, recall and F1 of one set against another; 0 without anything in common. */
export function setOverlap(predicted: ReadonlySet<string>, wanted: ReadonlySet<string>) {
  const shared = [...predicted].filter(item => wanted.has(item)).length
  if (shared === 0) return { precision: 0, recall: 0, f1: 0 }
  const [precision, recall] = [shared / predicted.size, shared / wanted.size]
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) }
}

/**
 * Values an answer. `find`: Σ IoU/max(predicted, wanted); `count` and `where`: 1 or 0; `describe`: F1 of the looks named,
 * synonyms being equal. An answer that is cut or breaks the form of its question has 0.
 */
export function judgeScene(task: SceneTask, { words, complete }: ActionWords): Judgement {
  const { question, objects } = task
  const wanted = wantedBoxes(task)
  const boxes = complete ? readBoxWords(words) : undefined
  const ious = matchedIous(wanted, boxes ?? [])
  const looks = setOverlap(describedLooks(words), new Set(objects.map(lookWords)))
  const reference = sceneReference(task)
  const wellFormed = complete && hasForm(task, words, boxes)
  const reward = wellFormed ? worth() : 0
  return {
    reward,
    correct: reward === 1,
    facts: {
      question: question.kind,
      verifiable: question.kind !== 'describe',
      wellFormed,
      ...boxFacts(ious, boxes?.length ?? 0),
      lookPrecision: looks.precision,
      lookRecall: looks.recall,
      lookF1: looks.f1,
      wordF1: setOverlap(new Set(words), new Set(reference.split(' '))).f1,
      length: words.length,
    },
  }

  function worth(): number {
    if (question.kind === 'find') return sum(ious) / Math.max(boxes?.length ?? 0, wanted.length)
    if (question.kind === 'describe') return looks.f1
    return words[0] === reference ? 1 : 0
  }
}

function hasForm({ question }: SceneTask, words: readonly string[], boxes: readonly Box[] | undefined): boolean {
  if (question.kind === 'find') return boxes !== undefined
  if (question.kind === 'count') return words.length === 1 && /^\d+$/.test(words[0])
  if (question.kind === 'where') return words.length === 1 && isOneOf(words[0], directions)
  return words.length > 0 && words.every(word => wordConcept(word) !== undefined || isOneOf(word, fillers))
}

/** Overlaps of the wanted boxes in words, and precision and recall at the usual thresholds (0 where none are wanted). */
function boxFacts(ious: readonly number[], predicted: number): Record<string, number | string> {
  const share = (threshold: number, of: number): number =>
    of === 0 ? 0 : ious.filter(iou => iou >= threshold).length / of
  return {
    wanted: ious.length,
    predicted,
    ious: ious.map(iou => Math.round(iou * 1e4) / 1e4).join(' '),
    meanIou: ious.length === 0 ? 0 : sum(ious) / ious.length,
    recall50: share(0.5, ious.length),
    recall75: share(0.75, ious.length),
    precision50: share(0.5, predicted),
    precision75: share(0.75, predicted),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function isOneOf(word: string, words: readonly string[]): boolean {
  return words.includes(word)
}

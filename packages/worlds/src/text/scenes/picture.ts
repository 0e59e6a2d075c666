import { circle, palette, picture, polyline, rectangle } from '../../world/svg.ts'
import { escaped, text } from '../card.ts'
import type { AnsweredState } from '../single-turn.ts'
import { readBoxWords } from './answers.ts'
import { sceneVocabulary } from './concepts.ts'
import { questionWords, type SceneObject, type SceneTask } from './tasks.ts'

const side = 320
const top = 28
const paints = ['#c8453b', '#3b6fc8', '#3f9a5a', '#d9a520', '#2b2b33', '#ffffff'] as const

/** The image with its question; after the answer, the boxes it names, or its words below. */
export function scenePicture({ task, answer }: AnsweredState<SceneTask>): string {
  const cell = side / task.side
  const words = answer === null ? '' : sceneVocabulary.decode(answer)
  const shapes = [text(8, 18, questionWords(task)), rectangle(0, top, side, side, { fill: '#e9e7df' })]
  for (const object of task.objects) shapes.push(...objectShapes(object, cell))
  for (const [x1, y1, x2, y2] of readBoxWords(words.split(' ')) ?? []) {
    const paint = { stroke: palette.agent, width: 3 }
    shapes.push(rectangle(x1 * cell, top + y1 * cell, (x2 - x1) * cell, (y2 - y1) * cell, paint))
  }
  if (answer !== null) shapes.push(text(8, top + side + 18, words.slice(0, 60)))
  return picture(escaped(`scenes: ${questionWords(task)}`), side, top + side + (answer === null ? 0 : 28), shapes)
}

/** An object as a simple shape in its box: each kind has its own. */
function objectShapes({ colour, kind, box }: SceneObject, cell: number): string[] {
  const [x1, y1, x2, y2] = [box[0] * cell + 3, top + box[1] * cell + 3, box[2] * cell - 3, top + box[3] * cell - 3]
  const paint = { fill: paints[colour], stroke: palette.ink }
  const [x, y, width, height] = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
  const radius = Math.min(width, height) / 2
  switch (kind) {
    case 0:
      return [polyline(closed([x1, y1], [x2, y1], [x2 - width / 5, y2], [x1 + width / 5, y2]), paint)]
    case 1:
      return [rectangle(x1, y1, width, height, { stroke: palette.faint }), circle(x, y, radius, paint)]
    case 2:
      return [rectangle(x1, y1, width, height, paint)]
    case 3:
      return [rectangle(x, y - 3, width / 2, 6, paint), circle(x1 + radius / 2, y, radius / 2, paint)]
    case 4:
      return [polyline(closed([x, y1], [x2, y], [x, y2], [x1, y]), paint)]
    default:
      return [polyline(closed([x, y1], [x2, y2], [x1, y2]), paint)]
  }
}

function closed(...points: (readonly [number, number])[]): (readonly [number, number])[] {
  return [...points, points[0]]
}

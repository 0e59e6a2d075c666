import type { Box } from '../boxes.ts'
import { fieldName, type GuiTask, guiInstruction, visibleRows } from './tasks.ts'

/** Which screen is open. `first` is the first visible row of a list. */
export type Screen =
  | { readonly at: 'home' }
  | { readonly at: 'app'; readonly app: string; readonly first: number }
  | { readonly at: 'item'; readonly app: string; readonly item: string }

/** Where an episode stands; plain JSON. */
export interface GuiState {
  readonly task: GuiTask
  readonly screen: Screen
  /** Place of the close button of what popped up; null when nothing did. */
  readonly popup: readonly [x: number, y: number] | null
  /** Whether typing goes into the field. */
  readonly focused: boolean
  /** Text of the fields that were typed into, by `app/item`. */
  readonly texts: Readonly<Record<string, string>>
  /** Subgoals reached, of all goals in order. */
  readonly reached: number
  /** Buttons pressed that no subgoal asked for then. */
  readonly sideEffects: number
  /** Whether the last action left everything as it was. */
  readonly unchanged: boolean
  /** The last point clicked. */
  readonly pointer: readonly [x: number, y: number] | null
  readonly turn: number
  readonly over: boolean
}

/** Something on a screen that can be clicked. */
export interface GuiElement {
  readonly kind: 'button' | 'row' | 'field'
  readonly name: string
  readonly box: Box
}

/** The elements that can be clicked now: those of the screen, or the close button alone while something hides it. */
export function elementsOf({ task, screen, popup }: GuiState): readonly GuiElement[] {
  if (popup) return [{ kind: 'button', name: 'close', box: [popup[0], popup[1], popup[0] + 3, popup[1] + 2] }]
  const [dx, dy] = task.offset
  const place = (x: number, y: number, width: number, height: number): Box => {
    return [x + dx, y + dy, x + dx + width, y + dy + height]
  }
  if (screen.at === 'home') return inTwoColumns(task.apps, (x, y) => place(x, 2 + y, 5, 4))
  if (screen.at === 'app') {
    return task.items.slice(screen.first, screen.first + visibleRows).map((name, i) => {
      return { kind: 'row', name, box: place(1, 2 + 5 * i, 13, 3) }
    })
  }
  const buttons = inTwoColumns(task.buttons, (x, y) => place(x, 9 + y, 5, 3))
  return [{ kind: 'field', name: fieldName, box: place(1, 3, 13, 3) }, ...buttons]
}

function inTwoColumns(names: readonly string[], place: (x: number, y: number) => Box): GuiElement[] {
  return names.map((name, i) => ({ kind: 'button', name, box: place(1 + 8 * (i % 2), 6 * Math.floor(i / 2)) }))
}

/** Name under which an item's text is kept. */
export function textKey(app: string, item: string): string {
  return `${app}/${item}`
}

/** What the policy reads: in the first turn the task, then what is to be seen, every element with its box. */
export function screenWords(state: GuiState): string {
  const { task, screen, popup, focused, texts, turn } = state
  const words = turn === 0 ? [guiInstruction(task)] : []
  if (state.unchanged) words.push('unchanged')
  words.push('screen')
  if (popup) words.push('popup')
  else if (screen.at === 'home') words.push('home')
  else words.push('app', screen.app)
  if (!popup && screen.at === 'item') words.push('item', screen.item)
  for (const { kind, name, box } of elementsOf(state)) {
    words.push(kind, name, ...box.map(String))
    const text = kind === 'field' && screen.at === 'item' ? texts[textKey(screen.app, screen.item)] : undefined
    if (text !== undefined) words.push('value', text)
    if (kind === 'field' && focused) words.push('focus')
  }
  if (!popup && screen.at === 'app') {
    if (screen.first > 0) words.push('up')
    if (screen.first + visibleRows < task.items.length) words.push('down')
  }
  return words.join(' ')
}

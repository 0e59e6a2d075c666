import { type Box, insideBox } from '../boxes.ts'
import type { ActionWords } from '../turns.ts'
import { subgoalsOf } from './goals.ts'
import { elementsOf, type GuiElement, type GuiState, textKey } from './screen.ts'
import { screenSize, typedWords, visibleRows } from './tasks.ts'

/** An action as it was meant; the names of actions are those GUI methods use. */
export type GuiAction =
  | { readonly action: 'click'; readonly point: readonly [x: number, y: number]; readonly bbox?: Box }
  | { readonly action: 'type'; readonly text: string }
  | { readonly action: 'scroll'; readonly direction: 'up' | 'down' }
  | { readonly action: 'back' }
  | { readonly action: 'finish' }

/**
 * Reads `click X Y`, `click X1 Y1 X2 Y2` (its middle is clicked), `type WORD`, `scroll up`, `scroll down`, `back` or
 * `finish`; undefined for anything else, for points outside the screen, and without an end token.
 */
export function readGuiAction({ words, complete }: ActionWords): GuiAction | undefined {
  if (!complete) return undefined
  const [action, ...rest] = words
  if (action === 'click') return readClick(rest)
  if ((action === 'back' || action === 'finish') && rest.length === 0) return { action }
  if (rest.length !== 1) return undefined
  const [argument] = rest
  if (action === 'scroll' && (argument === 'up' || argument === 'down')) return { action, direction: argument }
  if (action === 'type' && (typedWords as readonly string[]).includes(argument)) return { action, text: argument }
  return undefined
}

function readClick(words: readonly string[]): GuiAction | undefined {
  const numbers = words.map(word => (/^\d+$/.test(word) ? Number(word) : -1))
  const onScreen = (x: number, y: number): boolean => insideBox(x, y, [0, 0, screenSize.width, screenSize.height])
  const [x1, y1, x2, y2] = numbers
  if (numbers.length === 2) return onScreen(x1, y1) ? { action: 'click', point: [x1, y1] } : undefined
  if (numbers.length !== 4 || !onScreen(x1, y1) || !onScreen(x2, y2) || x1 > x2 || y1 > y2) return undefined
  return { action: 'click', point: [(x1 + x2) / 2, (y1 + y2) / 2], bbox: [x1, y1, x2, y2] }
}

/** An action in words. */
export function guiActionWords(action: GuiAction): string {
  if (action.action === 'click') return ['click', ...(action.bbox ?? action.point)].join(' ')
  if (action.action === 'type') return `type ${action.text}`
  return action.action === 'scroll' ? `scroll ${action.direction}` : action.action
}

/** What an action changes, popups, subgoals and the count of turns aside. An action without effect gives nothing. */
export function effectOf(state: GuiState, action: GuiAction): Partial<GuiState> {
  const { screen, popup, task } = state
  if (action.action === 'finish') return { over: true }
  if (action.action === 'click') {
    const [x, y] = action.point
    const element = elementsOf(state).find(({ box }) => insideBox(x, y, box))
    return element ? clickEffect(state, element) : {}
  }
  if (popup) return {}
  if (action.action === 'type') {
    if (!state.focused || screen.at !== 'item') return {}
    return { texts: { ...state.texts, [textKey(screen.app, screen.item)]: action.text } }
  }
  if (action.action === 'back') {
    if (screen.at === 'home') return {}
    const outer = screen.at === 'app' ? ({ at: 'home' } as const) : ({ at: 'app', app: screen.app, first: 0 } as const)
    return { screen: outer, focused: false }
  }
  if (screen.at !== 'app') return {}
  const first = screen.first + (action.direction === 'down' ? visibleRows : -visibleRows)
  return first >= 0 && first < task.items.length ? { screen: { ...screen, first } } : {}
}

function clickEffect(state: GuiState, { kind, name }: GuiElement): Partial<GuiState> {
  const { screen } = state
  if (state.popup) return { popup: null }
  if (screen.at === 'home') return { screen: { at: 'app', app: name, first: 0 } }
  if (screen.at === 'app') return { screen: { at: 'item', app: screen.app, item: name }, focused: false }
  if (kind === 'field') return state.focused ? {} : { focused: true }
  const wanted = subgoalsOf(state.task)[state.reached]
  const asked = wanted?.kind === 'press' && wanted.holds(state) && wanted.goal.button === name
  return asked ? { reached: state.reached + 1 } : { sideEffects: state.sideEffects + 1 }
}

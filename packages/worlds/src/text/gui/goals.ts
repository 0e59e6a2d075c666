import type { Box } from '../boxes.ts'
import { elementsOf, type GuiState, textKey } from './screen.ts'
import { fieldName, type GuiGoal, type GuiTask, visibleRows } from './tasks.ts'

/** One thing on the way to a goal. */
export interface Subgoal {
  readonly kind: 'open' | 'item' | 'type' | 'press'
  readonly goal: GuiGoal
  /** Whether a state has it; for `press`, whether pressing the button now would. */
  holds(state: GuiState): boolean
}

/** The subgoals of all goals, in order: open the app, open the item, type the text, press the button. */
export function subgoalsOf({ goals }: GuiTask): readonly Subgoal[] {
  return goals.flatMap(goal => {
    const subgoals: Subgoal[] = [
      { kind: 'open', goal, holds: ({ screen }) => screen.at !== 'home' && screen.app === goal.app },
    ]
    const atItem = ({ screen }: GuiState): boolean =>
      screen.at === 'item' && screen.app === goal.app && screen.item === goal.item
    const typed = ({ texts }: GuiState): boolean =>
      goal.text === null || goal.item === null || texts[textKey(goal.app, goal.item)] === goal.text
    if (goal.item !== null) subgoals.push({ kind: 'item', goal, holds: atItem })
    if (goal.text !== null) subgoals.push({ kind: 'type', goal, holds: typed })
    if (goal.button !== null) subgoals.push({ kind: 'press', goal, holds: state => atItem(state) && typed(state) })
    return subgoals
  })
}

/** Subgoals reached once those that a state has are counted; a press counts when it is made, not here. */
export function reachedBy(state: GuiState): number {
  const subgoals = subgoalsOf(state.task)
  let reached = state.reached
  while (reached < subgoals.length && subgoals[reached].kind !== 'press' && subgoals[reached].holds(state)) reached++
  return reached
}

/** The action that leads on, with the names GUI rewards use. */
export interface GuiReference {
  readonly action: 'click' | 'type' | 'scroll' | 'back' | 'finish'
  /** The element to click. */
  readonly bbox?: Box
  readonly text?: string
  readonly direction?: 'up' | 'down'
}

/**
 * What leads on from any state, mistakes undone: close what popped up, go back from where nothing is to be done, open app
 * and item, type, press; `finish` when every subgoal is reached.
 */
export function guiReference(state: GuiState): GuiReference {
  const { task, screen, popup } = state
  const click = (name: string): GuiReference => {
    const found = elementsOf(state).find(element => element.name === name)
    return found ? { action: 'click', bbox: found.box } : { action: 'back' }
  }
  if (popup) return click('close')
  const next = subgoalsOf(task)[state.reached]
  if (next === undefined) return { action: 'finish' }
  const { app, item, text, button } = next.goal
  if (screen.at === 'home') return click(app)
  if (screen.app !== app) return { action: 'back' }
  if (screen.at === 'app') {
    const row = task.items.indexOf(item ?? '')
    if (row < screen.first) return { action: 'scroll', direction: 'up' }
    return row < screen.first + visibleRows ? click(item ?? '') : { action: 'scroll', direction: 'down' }
  }
  if (screen.item !== item) return { action: 'back' }
  if (text === null || state.texts[textKey(app, item)] === text) return click(button ?? '')
  return state.focused ? { action: 'type', text } : click(fieldName)
}

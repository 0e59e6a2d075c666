import type { Random } from '@guerdon/core'
import { type Vocabulary, vocabularyOf } from '../vocabulary.ts'

/** Size of every screen; points have whole coordinates in [0, width] × [0, height]. */
export const screenSize = { width: 16, height: 24 } as const
/** Rows of a list that are visible at once, and by which scrolling moves. */
export const visibleRows = 4

const apps = ['mail', 'notes', 'maps', 'music', 'clock', 'files'] as const
const items = ['alpha', 'beta', 'gamma', 'delta', 'zeta', 'theta', 'kappa', 'sigma'] as const
const buttons = ['save', 'share', 'pin', 'delete'] as const
/** The one field of an item. */
export const fieldName = 'title'
/** Words that can be typed. */
export const typedWords = ['red', 'blue', 'green', 'gold'] as const

/** The words of observations and actions. */
export const guiVocabulary: Vocabulary = vocabularyOf([
  ...Array.from({ length: screenSize.height + 1 }, (_, i) => String(i)),
  ...apps,
  ...items,
  ...buttons,
  fieldName,
  ...typedWords,
  ...['click', 'type', 'scroll', 'up', 'down', 'back', 'finish'],
  ...['task', 'open', 'item', 'press', 'then', 'unchanged'],
  ...['screen', 'home', 'app', 'popup', 'button', 'row', 'field', 'value', 'focus', 'close'],
])

/** Something to be achieved in one place. */
export interface GuiGoal {
  readonly app: string
  /** null: opening the app is all. */
  readonly item: string | null
  /** Text the item's field must have when the button is pressed. */
  readonly text: string | null
  readonly button: string | null
}

/** A phone and what to do with it; plain JSON. */
export interface GuiTask {
  readonly id: string
  readonly level: number
  /** Apps of the home screen in the order of their places. */
  readonly apps: readonly string[]
  /** Items of every app's list, in order. */
  readonly items: readonly string[]
  /** Buttons of every item's screen, in order. */
  readonly buttons: readonly string[]
  /** Shift of everything on the screens, in {0, 1}. */
  readonly offset: readonly [x: number, y: number]
  /** Goals in the order in which they are to be reached. */
  readonly goals: readonly GuiGoal[]
  /** Turns after which something pops up and hides the screen, with the place of its close button. */
  readonly popups: readonly { readonly turn: number; readonly x: number; readonly y: number }[]
  /** Turns after which the episode is truncated. */
  readonly turns: number
}

const sizes = [
  { apps: 3, items: 0, buttons: 0, typing: false, goals: 1, popups: 0, turns: 6 },
  { apps: 4, items: 3, buttons: 0, typing: false, goals: 1, popups: 0, turns: 8 },
  { apps: 4, items: 4, buttons: 3, typing: false, goals: 1, popups: 0, turns: 10 },
  { apps: 6, items: 8, buttons: 4, typing: true, goals: 1, popups: 0, turns: 16 },
  { apps: 6, items: 8, buttons: 4, typing: true, goals: 2, popups: 2, turns: 36 },
] as const

/** Number of difficulty levels. */
export const guiLevels = sizes.length
/** Turns of the longest episodes. */
export const maximumGuiTurns = Math.max(...sizes.map(({ turns }) => turns))

/** Draws a phone, goals in different apps and items, and when something pops up. */
export function guiTask(level: number, random: Random): GuiTask {
  const size = sizes[level]
  const draw = (words: readonly string[], count: number): string[] => random.shuffle([...words]).slice(0, count)
  const present = { apps: draw(apps, size.apps), items: draw(items, size.items), buttons: draw(buttons, size.buttons) }
  const offset = [random.integer(2), random.integer(2)] as const
  const [goalApps, goalItems] = [draw(present.apps, size.goals), draw(present.items, size.goals)]
  const goals = goalApps.map((app, i) => ({
    app,
    item: goalItems[i] ?? null,
    text: size.typing ? random.choice(typedWords) : null,
    button: present.buttons.length > 0 ? random.choice(present.buttons) : null,
  }))
  const popups = draw(['2', '4', '6', '8', '10'], size.popups).map(turn => {
    return { turn: Number(turn), x: 2 + random.integer(9), y: 4 + random.integer(14) }
  })
  const parts = { ...present, offset, goals, popups }
  return { id: `gui ${level} ${JSON.stringify(parts)}`, level, ...parts, turns: size.turns }
}

/** What is to be done, in words. */
export function guiInstruction({ goals }: GuiTask): string {
  const told = goals.map(({ app, item, text, button }) =>
    [
      `open ${app}`,
      ...(item === null ? [] : [`item ${item}`]),
      ...(text === null ? [] : [`type ${text}`]),
      ...(button === null ? [] : [`press ${button}`]),
    ].join(' '),
  )
  return `task ${told.join(' then ')}`
}

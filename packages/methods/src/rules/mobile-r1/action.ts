import { describeValue, GuerdonError } from '@guerdon/core'
import { type Box, insideBox, isBox, isPoint } from '../../shared/boxes.ts'
import { isJsonObject, type JsonObject, parseJson } from '../../shared/json-text.ts'
import { readTagged } from '../../shared/tagged-text.ts'

/** The expert's action at one step. */
export interface MobileAction {
  readonly action: string
  /** Target element of `click`, `long_press` and `swipe`. */
  readonly bbox?: Box | undefined
  /** Text of `type`. */
  readonly text?: string | undefined
  /** Button of `system_button`. */
  readonly button?: string | undefined
}

/** The parts of a single-step reward, 0 or 1 each, and their sum. */
export interface ActionLevelReward {
  readonly format: number
  readonly action: number
  readonly total: number
}

const tags = ['think', 'action', 'tool_call']
const coordinateActions: readonly string[] = ['click', 'long_press', 'swipe']

/**
 * The arguments of a well-formed turn, else undefined: one non-empty `<think>`, `<action>` and `<tool_call>` block
 * each, in this order, with only white space around, the last holding JSON with an object `arguments` that has a string
 * `action`.
 */
export function readTurn(text: string): JsonObject | undefined {
  const read = readTagged(text, tags)
  if (!read.ok) return undefined
  const parsed = parseJson(read.bodies[2])
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined
  const given = parsed.value['arguments']
  return isJsonObject(given) && typeof given['action'] === 'string' ? given : undefined
}

/** Whether one turn is well formed; see `readTurn`. */
export function isWellFormedTurn(text: string): boolean {
  return readTurn(text) !== undefined
}

/**
 * Action-level reward of one turn at an expert state: R = R_act + R_fmt, each 0 or 1.
 *
 * `click`, `long_press`, `swipe`: the action is equal and the (start) coordinate lies in the target's box, borders
 * included; a point off the screen is a miss. `type`, `system_button` and whatever else has a true `text` or `button`:
 * it is equal, character by character. Other actions: the name is equal. A malformed turn earns nothing.
 *
 * Source: Mobile-R1, arXiv 2506.20332, stage 2. Only for states the expert visited: elsewhere there is no label.
 *
 * @throws invalid_input for a true coordinate action without a box
 */
export function actionLevelReward(completion: string, truth: MobileAction): ActionLevelReward {
  const given = readTurn(completion)
  if (given === undefined) return { format: 0, action: 0, total: 0 }
  const action = given['action'] === truth.action && argumentMatches(given, truth) ? 1 : 0
  return { format: 1, action, total: 1 + action }
}

function argumentMatches(given: JsonObject, truth: MobileAction): boolean {
  if (coordinateActions.includes(truth.action)) {
    if (!isBox(truth.bbox)) {
      throw new GuerdonError(
        'invalid_input',
        `expected a true ${truth.action} to have a bbox [x1, y1, x2, y2]; got ${describeValue(truth.bbox)}`,
        { path: ['reference', 'bbox'] },
      )
    }
    return isPoint(given['coordinate']) && insideBox(given['coordinate'], truth.bbox)
  }
  const textMatches = (truth.text ?? undefined) === undefined || given['text'] === truth.text
  const buttonMatches = (truth.button ?? undefined) === undefined || given['button'] === truth.button
  return textMatches && buttonMatches
}

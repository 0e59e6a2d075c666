import { assertInRange, describeValue, GuerdonError } from '@guerdon/core'
import { extractJson, isJsonObject, type JsonObject, parseJson } from '../../shared/json-text.ts'
import { latinWords, rougeL, unicodeWords } from '../../shared/text-overlap.ts'

/** What a person did next in a shopping session. */
export interface ShopAction {
  readonly type: string
  /** The element clicked, or the field typed into. */
  readonly name?: string | undefined
  /** The text typed. */
  readonly text?: string | undefined
}

/** Options of the hierarchical action reward. */
export interface ActionRewardOptions {
  /** Multiplier of the long-text value term (difficulty-aware reward scaling). Default 1000. */
  readonly darsFactor?: number
  /** Similarities below this pay nothing. Default 0.75. */
  readonly similarityThreshold?: number
  /** Tokens of ROUGE-L: `latin` (a–z, 0–9; the usual default) or `unicode` for other scripts. Default `latin`. */
  readonly tokenise?: 'latin' | 'unicode'
}

/** The three levels of the action reward and their sum. */
export interface ActionReward {
  readonly type: number
  readonly attribute: number
  readonly value: number
  readonly total: number
}

const nothing: ActionReward = { type: 0, attribute: 0, value: 0, total: 0 }

/**
 * Hierarchical action reward v(a): nothing unless the type is right, then credit for saying which attribute, then for
 * how well its value matches, scaled by difficulty:
 *
 *   terminate        0.3
 *   click            0.3 + 0.2·[name given] + DARS·g(ROUGE-L(name))
 *   type_and_submit  0.3 + 0.1·[name given] + 0.1·[text given] + 0.1·g(ROUGE-L(name)) + DARS·g(ROUGE-L(text))
 *
 * with g(x) = x for x ≥ τ, else 0. The attribute term pays for a *given* name, right or wrong; types beyond these three
 * earn nothing. Source: Shop-R1, arXiv 2507.17842, table 1.
 *
 * @returns parts ≥ 0; `terminate` never exceeds 0.3, an exact click is 0.5 + DARS
 */
export function actionReward(
  truth: ShopAction,
  prediction: ShopAction,
  options: ActionRewardOptions = {},
): ActionReward {
  const { darsFactor = 1000, similarityThreshold = 0.75, tokenise = 'latin' } = options
  assertInRange(darsFactor, 'darsFactor', 0, Number.MAX_VALUE)
  assertInRange(similarityThreshold, 'similarityThreshold', 0, 1)
  if (truth.type !== prediction.type) return nothing
  const similarity = (given: string | undefined, wanted: string | undefined): number => {
    const words = tokenise === 'latin' ? latinWords : unicodeWords
    const score = rougeL(given ?? '', wanted ?? '', { tokenise: words }).f1
    return score >= similarityThreshold ? score : 0
  }
  const name = similarity(prediction.name, truth.name)
  if (truth.type === 'terminate') return sum(0.3, 0, 0)
  if (truth.type === 'click') return sum(0.3, given(prediction.name) ? 0.2 : 0, darsFactor * name)
  if (truth.type !== 'type_and_submit') return nothing
  const attribute = (given(prediction.name) ? 0.1 : 0) + (given(prediction.text) ? 0.1 : 0)
  return sum(0.3, attribute, 0.1 * name + darsFactor * similarity(prediction.text, truth.text))
}

function given(field: string | undefined): boolean {
  return (field ?? '').trim() !== ''
}

function sum(type: number, attribute: number, value: number): ActionReward {
  return { type, attribute, value, total: type + attribute + value }
}

/** A response that parses. */
export interface ShopResponse {
  readonly rationale: string
  readonly action: ShopAction
}

/**
 * Reads a response: a JSON object with a string `rationale` and an object `action` with a string `type`; undefined for
 * anything else. `strict` (default) wants JSON alone; `outermost-object` also finds it inside prose.
 */
export function readShopResponse(
  text: string,
  options: { readonly parsing?: 'strict' | 'outermost-object' } = {},
): ShopResponse | undefined {
  const { parsing = 'strict' } = options
  const parsed = parsing === 'strict' ? parseJson(text) : extractJson(text, { opening: 'object' })
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined
  const { rationale, action } = parsed.value
  if (typeof rationale !== 'string' || !isJsonObject(action) || typeof action['type'] !== 'string') return undefined
  return { rationale, action: actionOf(action['type'], action) }
}

/** Checks a recorded true action. @throws invalid_input unless it is an object with a string `type` */
export function readShopAction(value: unknown): ShopAction {
  if (isJsonObject(value) && typeof value['type'] === 'string') return actionOf(value['type'], value)
  throw new GuerdonError('invalid_input', `expected an action with a string "type"; got ${describeValue(value)}`, {
    path: ['reference'],
    hint: 'write {"type": "click", "name": "…"}, {"type": "type_and_submit", "name": "…", "text": "…"} or {"type": "terminate"}',
  })
}

function actionOf(type: string, fields: JsonObject): ShopAction {
  const { name, text } = fields
  return {
    type,
    name: typeof name === 'string' ? name : undefined,
    text: typeof text === 'string' ? text : undefined,
  }
}

import { type Box, isBox } from '../../shared/boxes.ts'
import { isJsonObject, type JsonResult, parseJson, stripCodeFence } from '../../shared/json-text.ts'

/** An object found in an image, in pixels. */
export interface LabelledBox {
  readonly label: string
  readonly box: Box
}

/** Sizes as [width, height] in pixels. */
export interface ImageSizes {
  /** The image the ground truth is drawn on. */
  readonly image: readonly [width: number, height: number]
  /** The resized image the model saw, whose pixels it answers in. The same when absent. */
  readonly input?: readonly [width: number, height: number] | undefined
}

/** Options of `readBoxes`. */
export interface ReadBoxesOptions {
  /** Without sizes the coordinates stay as they are. */
  readonly sizes?: ImageSizes | undefined
  /** `released`: coordinates are cut to integers before they are scaled. */
  readonly compat?: 'released' | undefined
}

const coordinate = String.raw`(\d{1,3}|1000)`
const rescue = new RegExp(
  String.raw`\{"bbox_2d": \[${coordinate}, ${coordinate}, ${coordinate}, ${coordinate}\], "label": "([^"]+)"\}`,
  'g',
)

/**
 * Boxes of a completion: a JSON list of `{"bbox_2d": [x1, y1, x2, y2], "label"}`, possibly in a code fence. Items that
 * are malformed, not finite or without area are skipped. When nothing is left, exact items with integers up to 1000 are
 * picked out of the text, which rescues truncated lists. Coordinates are scaled from the model's input to the image.
 *
 * `compat: 'released'` reads what the released Python reads: only a "```json" line is taken off, the text ends at the
 * next three backticks wherever they stand, coordinates may be texts of digits and are cut to integers, and an item
 * without a text as its label has the unknown label ''.
 */
export function readBoxes(completion: string, options: ReadBoxesOptions = {}): LabelledBox[] {
  const { sizes, compat } = options
  const parsed = compat === 'released' ? releasedJson(completion) : parseJson(stripCodeFence(completion))
  const items = parsed.ok && Array.isArray(parsed.value) ? parsed.value : []
  let found = items.flatMap(compat === 'released' ? releasedBoxOf : boxOf)
  if (found.length === 0) {
    found = [...completion.matchAll(rescue)].flatMap(([, x1, y1, x2, y2, label]) =>
      boxOf({ label, bbox_2d: [Number(x1), Number(y1), Number(x2), Number(y2)] }),
    )
  }
  if (sizes?.input === undefined) return found
  const [scaleX, scaleY] = [sizes.image[0] / sizes.input[0], sizes.image[1] / sizes.input[1]]
  return found.map(({ label, box: [x1, y1, x2, y2] }) => ({
    label,
    box: [x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY],
  }))
}

function releasedJson(completion: string): JsonResult {
  const text = completion.trim()
  const lineEnd = text.search(/[\r\n]/)
  const body = text.startsWith('```json') ? (lineEnd === -1 ? '' : text.slice(lineEnd)) : text
  return parseJson(body.split('```')[0], { nonFinite: true })
}

function boxOf(item: unknown): LabelledBox[] {
  if (!isJsonObject(item) || typeof item['label'] !== 'string') return []
  return withArea(item['label'], item['bbox_2d'])
}

function releasedBoxOf(item: unknown): LabelledBox[] {
  if (!isJsonObject(item) || !Array.isArray(item['bbox_2d'])) return []
  return withArea(typeof item['label'] === 'string' ? item['label'] : '', item['bbox_2d'].map(asInteger))
}

function withArea(label: string, box: unknown): LabelledBox[] {
  return isBox(box) && box[0] < box[2] && box[1] < box[3] ? [{ label, box }] : []
}

/** What Python's `int` makes of a JSON value; NaN where it raises. */
function asInteger(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Math.trunc(Number(value))
  return typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : Number.NaN
}

/**
 * Dual format reward, 0 or 1: the template (a JSON list of items with `label` and `bbox_2d`) and the content (four
 * finite coordinates, x1 < x2, y1 < y2, inside the model's input when its size is known) both hold. An empty list is
 * well formed. Source: Vision-R1, arXiv 2503.18013 §3.
 */
export function dualFormatReward(completion: string, sizes?: ImageSizes): number {
  const parsed = parseJson(stripCodeFence(completion))
  if (!parsed.ok || !Array.isArray(parsed.value)) return 0
  const [width, height] = sizes?.input ?? sizes?.image ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const wellFormed = (item: unknown): boolean =>
    boxOf(item).some(({ box }) => box[0] >= 0 && box[1] >= 0 && box[2] <= width && box[3] <= height)
  return parsed.value.every(wellFormed) ? 1 : 0
}

/**
 * Format reward of the released code: 1 when the text (every "```json\n" and "\n```" taken out) is JSON and no list item that has both keys has something else than a list of four as its box. Items without the keys and
 * JSON that is no list pass, bounds are not looked at, and on an image without objects the reward is turned round.
 */
export function releasedFormatReward(completion: string, numInstances: number): number {
  const passes = releasedTemplate(parseJson(completion.replace(/```json\n|\n```/g, ''), { nonFinite: true })) ? 1 : 0
  return numInstances === 0 ? 1 - passes : passes
}

function releasedTemplate(parsed: JsonResult): boolean {
  if (!parsed.ok) return false
  if (!Array.isArray(parsed.value)) return true
  return parsed.value.every(item => {
    if (!isJsonObject(item) || !Object.hasOwn(item, 'bbox_2d') || !Object.hasOwn(item, 'label')) return true
    return Array.isArray(item['bbox_2d']) && item['bbox_2d'].length === 4
  })
}

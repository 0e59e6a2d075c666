import {
  canonicalJson,
  describeValue,
  fieldError,
  GuerdonError,
  type JsonRecord,
  numberAt,
  type PairPreference,
  type Preference,
  textAt,
} from '@guerdon/core'
import { flagAt, nameAt, namedFields, probabilityAt, strengthAt } from './named-fields.ts'

/** What any pair may say besides its texts. */
const pairFields = {
  margin: numberAt,
  label: probabilityAt,
  strength: strengthAt,
  tied: flagAt,
  subset: textAt,
  user: nameAt,
  id: nameAt,
}

type Sides = Pick<PairPreference, 'prompt' | 'chosen' | 'rejected'>

/** A pair with the further fields of its record; `taken` are those that the sides come from. */
export function pairOf(record: JsonRecord, sides: Sides, taken: readonly string[]): PairPreference {
  const { chosen, rejected } = sides
  if (canonicalJson(chosen) === canonicalJson(rejected)) {
    throw fieldError(['rejected'], 'a response that differs from chosen', rejected, 'a pair of equals says nothing')
  }
  const { named, meta } = namedFields(record, taken, pairFields)
  return { kind: 'pair', ...sides, ...named, ...(meta === undefined ? {} : { meta }) }
}

/** The further fields of a pair, as its record has them. */
export function pairFacts(pair: PairPreference): JsonRecord {
  const { kind: _, prompt: __, chosen: ___, rejected: ____, meta, ...named } = pair
  return { ...named, ...meta }
}

/** The preference as a pair. Throws `unsupported` naming the layout. */
export function requirePair(preference: Preference, layout: string): PairPreference {
  if (preference.kind === 'pair') return preference
  throw noFormFor(preference.kind, layout)
}

/** The error for what a layout has no form for. */
export function noFormFor(what: string, layout: string): GuerdonError {
  return new GuerdonError(
    'unsupported',
    `expected a preference that layout ${layout} has a form for; got ${describeValue(what)}`,
    { hint: 'choose another layout, or some of them with --where' },
  )
}

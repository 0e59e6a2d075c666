import { describeValue, fieldErrorSaying, findNamed, objectAt } from '@guerdon/core'
import { chatLayout } from './chat.ts'
import { completionLayout } from './completion.ts'
import { embeddingsLayout } from './embeddings.ts'
import { explicitLayout } from './explicit.ts'
import { guerdonLayout } from './guerdon.ts'
import { hhRlhfLayout, implicitLayout } from './implicit.ts'
import type { Layout, PreferenceLayout } from './layout.ts'
import { openaiLayout } from './openai.ts'
import { openinferenceLayout } from './openinference.ts'
import { otelLayout } from './otel.ts'
import { prm800kLayout } from './prm800k.ts'
import { rewardbench2Layout, rewardbenchLayout } from './rewardbench.ts'
import { stepwiseLayout } from './stepwise.ts'
import { ultrafeedbackLayout } from './ultrafeedback.ts'
import { ultrafeedbackBinarizedLayout } from './ultrafeedback-binarized.ts'
import { unpairedLayout } from './unpaired.ts'
import { verlLayout } from './verl.ts'

export type { Layout, LayoutItems, PreferenceLayout, RolloutLayout } from './layout.ts'
export { placedError } from './placed-error.ts'

/** Every layout, the more particular ones first: the first that a record looks like is taken. */
export const layouts: readonly Layout[] = [
  openinferenceLayout,
  otelLayout,
  embeddingsLayout,
  rewardbench2Layout,
  openaiLayout,
  prm800kLayout,
  ultrafeedbackLayout,
  stepwiseLayout,
  unpairedLayout,
  rewardbenchLayout,
  ultrafeedbackBinarizedLayout,
  explicitLayout,
  hhRlhfLayout,
  implicitLayout,
  verlLayout,
  guerdonLayout,
  completionLayout,
  chatLayout,
]

/** The layout called `name`, of those `among`. Throws `unknown_name`. */
export function findLayout<T extends Layout = Layout>(name: string, among: readonly T[] = layouts as readonly T[]): T {
  return findNamed(name, among, {
    kind: 'layout',
    nameOf: layout => layout.name,
    hint: `there are ${among.map(layout => layout.name).join(', ')}`,
  })
}

/** The layouts of files of preferences. */
export const preferenceLayouts: readonly PreferenceLayout[] = layouts.filter(layout => layout.holds === 'preferences')

/** The layout a record has, of those `among`. Throws `invalid_input` naming its fields when there is none. */
export function detectLayout<T extends Layout = Layout>(
  value: unknown,
  among: readonly T[] = layouts as readonly T[],
): T {
  const record = objectAt(value, [])
  const found = among.find(layout => layout.detect(record))
  if (found !== undefined) return found
  const known = among.map(({ name, fields }) => `${name} (${fields})`).join('; ')
  const got = `the fields ${describeValue(Object.keys(record))}`
  throw fieldErrorSaying([], 'the fields of a layout', got, `known: ${known}`)
}

import { describeValue, fieldErrorSaying, findNamed, objectAt } from '@guerdon/core'
import { chatLayout } from './chat.ts'
import { completionLayout } from './completion.ts'
import { embeddingsLayout } from './embeddings.ts'
import { explicitLayout } from './explicit.ts'
import { guerdonLayout } from './guerdon.ts'
import { hhRlhfLayout, implicitLayout } from './implicit.ts'
import type { Layout } from './layout.ts'
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

/** The layout called `name`. Throws `unknown_name`. */
export function findLayout(name: string): Layout {
  return findNamed(name, layouts, {
    kind: 'layout',
    nameOf: layout => layout.name,
    hint: `there are ${layouts.map(layout => layout.name).join(', ')}`,
  })
}

/** The layout a record has. Throws `invalid_input` naming its fields when there is none. */
export function detectLayout(value: unknown): Layout {
  const record = objectAt(value, [])
  const found = layouts.find(layout => layout.detect(record))
  if (found !== undefined) return found
  const known = layouts.map(({ name, fields }) => `${name} (${fields})`).join('; ')
  const got = `the fields ${describeValue(Object.keys(record))}`
  throw fieldErrorSaying([], 'the fields of a layout', got, `known: ${known}`)
}

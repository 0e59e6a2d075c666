import * as z from 'zod'
import { assertColumnName } from '../columns.ts'
import type { ColumnName } from '../stage.ts'

/** Schema of an option that names a column. */
export const columnName = z.string().superRefine((name, context) => {
  try {
    assertColumnName(name)
  } catch {
    context.addIssue({ code: 'custom', message: 'a column name such as rollout.score' })
  }
}) as unknown as z.ZodType<ColumnName, string>

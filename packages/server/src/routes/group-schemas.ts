import { z } from '@guerdon/core'
import { recordsSchema, scoreResponse } from './schemas.ts'

/** One part of a group: some of its rollouts, and how many it will have. */
export const groupRequest = z.object({
  size: z.int().min(1).describe('rollouts of the whole group'),
  rollouts: recordsSchema,
  waitMs: z
    .int()
    .min(1)
    .nullish()
    .describe(
      'milliseconds from the first rollout after which the group is scored as it is; never beyond the deadline',
    ),
})

/** The whole group, as every part of it is answered. */
export const groupResponse = scoreResponse.extend({
  group: z.object({
    id: z.string(),
    size: z.int(),
    complete: z.boolean().describe('false when time was up before every rollout had come'),
    missing: z.int(),
  }),
})

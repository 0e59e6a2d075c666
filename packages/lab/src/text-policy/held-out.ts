import type { Random } from '@guerdon/core'
import { createEpisodeSampler } from '@guerdon/learn'
import type { TextSetting } from './setting.ts'
import { type Policy, solvedShare } from './start-policy.ts'

/** Share of tasks kept apart that a policy solves, one episode each at temperature 1. The same stream draws the same tasks. */
export async function heldOutSuccess(
  policy: Policy,
  { world, level, config }: TextSetting,
  { tasks, random }: { readonly tasks: number; readonly random: Random },
): Promise<number> {
  const drawing = random.split('tasks')
  const starts = Array.from({ length: tasks }, () => ({ task: world.task(level, drawing) }))
  return solvedShare(await createEpisodeSampler(world, { config })(policy, starts, random.split('episodes')))
}

import type { Random } from '@guerdon/core'
import { createEpisodeSampler, type Episode } from '@guerdon/learn'
import type { ArithmeticState, ArithmeticTask } from '@guerdon/worlds/text/arithmetic'
import type { TextSetting } from '../../text-policy/setting.ts'
import type { Policy } from '../../text-policy/start-policy.ts'

/** An answer that was given. */
export type Answer = Episode<ArithmeticTask, ArithmeticState>

/** Answers to `questions` fresh questions, each asked `times` times. */
export async function ask(
  policy: Policy,
  { world, level, config }: TextSetting,
  { questions, times, random }: { readonly questions: number; readonly times: number; readonly random: Random },
): Promise<Answer[]> {
  const drawing = random.split('tasks')
  const starts = Array.from({ length: questions }, (_, q) => {
    const task = world.task(level, drawing) as ArithmeticTask
    return Array.from({ length: times }, () => ({ task, groupId: `${q}` }))
  }).flat()
  return createEpisodeSampler<ArithmeticTask, ArithmeticState>(world, { config })(
    policy,
    starts,
    random.split('answers'),
  )
}

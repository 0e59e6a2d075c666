import * as z from 'zod'
import { levelOf } from '../column-sinks.ts'
import { numbers, tokenMask } from '../columns.ts'
import { downwardMoves, moveSignal, upwardMoves } from '../levels.ts'
import { levels } from '../signal.ts'
import { defineStage } from '../stage.ts'
import { columnName } from './column-name.ts'

/** Options of the stage. */
export const moveOptions = z
  .strictObject({
    from: columnName.prefault('turn.reward'),
    to: columnName.prefault('rollout.reward'),
    how: z.enum([...upwardMoves, ...downwardMoves]).default('sum'),
    unscored: z.enum(['skip', 'propagate']).default('skip').describe('upwards: unscored items leave, or decide'),
    tokens: z.enum(['all', 'policy']).default('all').describe('policy: only tokens whose mask is 1 take part'),
    outside: z.enum(['abstain', 'zero']).default('abstain').describe('downwards: items that take no part'),
  })
  .superRefine(({ from, to, how }, context) => {
    const [inner, outer] = [levels.indexOf(levelOf(from)), levels.indexOf(levelOf(to))]
    const fitting: readonly string[] = outer < inner ? upwardMoves : outer > inner ? downwardMoves : []
    if (fitting.length === 0)
      context.addIssue({ code: 'custom', path: ['to'], message: `a column at another level than ${from}` })
    else if (!fitting.includes(how)) {
      context.addIssue({ code: 'custom', path: ['how'], message: `one of ${fitting.join(', ')} from ${from} to ${to}` })
    }
  })

export type MoveStageOptions = z.infer<typeof moveOptions>

/** Moves a signal to another level by one of the named moves of `moveSignal`. */
export const moveStage = defineStage<MoveStageOptions, null>({
  name: 'move',
  about:
    'moves a signal between group, rollout, turn and token by sum, mean, min, max, first, last, spread, divide or at-end',
  options: moveOptions as unknown as z.ZodType<MoveStageOptions>,
  reads: ({ from, tokens }) => [
    { name: from, kind: 'number', about: 'signal to move' },
    ...(tokens === 'policy'
      ? [{ name: 'token.mask' as const, kind: 'number' as const, about: '1 on tokens of the policy', optional: true }]
      : []),
  ],
  writes: ({ from, to, how }) => [{ name: to, kind: 'number', about: `${how} of ${from}` }],
  initial: () => null,
  apply: (batch, _state, { from, to, how, unscored, tokens, outside }) => {
    const touchesTokens = levelOf(from) === 'token' || levelOf(to) === 'token'
    const mask = tokens === 'policy' && touchesTokens ? { mask: tokenMask(batch) } : {}
    const moved = moveSignal(batch, numbers(batch, from), levelOf(to), how, { unscored, outside, ...mask })
    return { columns: { [to]: moved }, state: null }
  },
})

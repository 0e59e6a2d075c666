import { createHash } from 'node:crypto'
import type { Edge } from '../edge.ts'
import type { Work } from '../engine/work.ts'
import type { GroupPart } from '../groups/assembly.ts'
import { readBody } from '../routes/body-fields.ts'
import { groupRequest } from '../routes/group-schemas.ts'
import { parseBody } from './body.ts'
import type { Reply } from './idempotency.ts'

/** Longest time a group waits for rollouts unless its first part says otherwise, in milliseconds. */
const WAIT_MS = 30_000

/** Milliseconds before its deadline at which the part of a client is scored, so that it gets an answer. */
const MARGIN_MS = 50

/** One part of a group; waiting for the others takes no place at work. */
export function answerGroupPart(edge: Edge, work: Work, signal: AbortSignal, deadlineMs: number): Promise<Reply> {
  const { size, rollouts, waitMs } = readBody(groupRequest, parseBody(work.body))
  const longest = Math.max(1, deadlineMs - MARGIN_MS)
  const group = work.path['id']
  return edge.groups.add({
    key: `${work.run}\n${group}`,
    group,
    size,
    rollouts,
    waitMs: Math.min(waitMs ?? WAIT_MS, longest),
    signal,
    work,
  })
}

/** The work of a whole group. After a crash it is told by its content: parts may come again in other cuts. */
export function groupWork({ work, size }: GroupPart, rollouts: readonly object[]): Work {
  const body = Buffer.from(JSON.stringify({ size, rollouts }))
  const hash = createHash('sha256').update(body).digest('base64')
  return { ...work, body, request: { key: `group\n${work.path['id']}\n${hash}`, hash } }
}

import { canonicalJson } from '@guerdon/core'
import { kindOf } from '../adapters/adapter.ts'
import type { Work } from '../engine/work.ts'
import { RequestError } from '../http/request-error.ts'

/** One part of a group as a client sends it. */
export interface GroupPart {
  /** Run and group: what tells one group from another. */
  readonly key: string
  readonly group: string
  readonly size: number
  readonly rollouts: readonly unknown[]
  /** Milliseconds from the first part after which the group is scored as it is. */
  readonly waitMs: number
  /** Aborted when this client goes away or its deadline passes. */
  readonly signal: AbortSignal
  /** The request it came with. */
  readonly work: Work
}

/** Limits of the groups kept. */
export interface GroupLimits {
  /** Groups that wait for rollouts. */
  readonly waiting: number
  /** Groups answered and remembered, for late rollouts and repeats. */
  readonly answered: number
}

/** Puts groups together from parts. */
export interface Groups<Answer> {
  /** Groups that wait for rollouts. */
  readonly waiting: number
  /**
   * The answer for the whole group, the same for every part. A rollout sent twice is taken once; a repeat of one that was
   * scored gets the same answer again. Throws 409 for a rollout that comes with other content, a size that differs or a
   * rollout that comes after its group was scored, 422 for one without id or of another group, 503 for too many groups.
   */
  add(part: GroupPart): Promise<Answer>
}

interface Pending<Answer> {
  readonly size: number
  readonly members: Map<string, { readonly record: object; readonly text: string }>
  readonly promise: Promise<Answer>
  readonly controller: AbortController
  readonly score: () => void
  waiters: number
  /** The answer is being computed: nobody joins any more but those who are in. */
  closed: boolean
}

/** Groups, scored by `score` with their rollouts in the order of their ids. */
export function createGroups<Answer>(
  limits: GroupLimits,
  score: (part: GroupPart, rollouts: readonly object[], signal: AbortSignal) => Promise<Answer>,
): Groups<Answer> {
  const groups = new Map<string, Pending<Answer>>()
  const closedKeys = new Set<string>()

  const open = (part: GroupPart): Pending<Answer> => {
    const waiting = groups.size - closedKeys.size
    if (waiting >= limits.waiting) {
      throw new RequestError(503, 'overloaded', `expected a free place for a group; ${waiting} wait for rollouts`, {
        retryAfterSeconds: 1,
      })
    }
    const members: Pending<Answer>['members'] = new Map()
    const controller = new AbortController()
    let settle: (answer: Promise<Answer>) => void = () => {}
    const promise = new Promise<Answer>(resolve => {
      settle = resolve
    })
    const timer = setTimeout(() => pending.score(), part.waitMs)
    const forget = () => {
      clearTimeout(timer)
      groups.delete(part.key)
      closedKeys.delete(part.key)
    }
    const pending: Pending<Answer> = {
      size: part.size,
      members,
      promise,
      controller,
      waiters: 0,
      closed: false,
      score: () => {
        clearTimeout(timer)
        pending.closed = true
        closedKeys.add(part.key)
        for (const key of closedKeys) {
          if (closedKeys.size <= limits.answered) break
          if (groups.get(key)?.waiters === 0) {
            groups.delete(key)
            closedKeys.delete(key)
          }
        }
        const ids = [...members.keys()].sort()
        const records = ids.map(id => (members.get(id) as { record: object }).record)
        settle(score(part, records, controller.signal))
      },
    }
    controller.signal.addEventListener('abort', forget)
    // What could not be scored may be sent again.
    promise.catch(forget)
    groups.set(part.key, pending)
    return pending
  }

  return {
    get waiting() {
      return groups.size - closedKeys.size
    },
    add: async part => {
      part.signal.throwIfAborted()
      const records = part.rollouts.map((given, i) => readMember(part, given, i))
      assertOwnIds(records)
      const known = groups.get(part.key)
      if (known !== undefined) checkPart(part, known, records)
      if (known === undefined && records.length > part.size) throw tooMany(part, records.length)
      const pending = known ?? open(part)
      for (const { id, record, text } of records)
        if (!pending.members.has(id)) pending.members.set(id, { record, text })
      if (!pending.closed && pending.members.size === pending.size) pending.score()
      pending.waiters++
      return await waitFor(pending, part.signal)
    },
  }
}

/** The group's answer, or the reason of `signal`; when nobody waits any more, the group is given up. */
function waitFor<Answer>(pending: Pending<Answer>, signal: AbortSignal): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason)
      if (pending.waiters === 1) pending.controller.abort(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    pending.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  }).finally(() => {
    pending.waiters--
  })
}

function readMember(part: GroupPart, given: unknown, index: number) {
  const path = ['rollouts', index]
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new RequestError(422, 'invalid_input', `expected an object; got ${kindOf(given)} — rollouts[${index}]`, {
      path,
    })
  }
  const { id, group } = given as Record<string, unknown>
  if (typeof id !== 'string' || id === '') {
    throw new RequestError(422, 'invalid_input', `expected text; got ${kindOf(id)} — rollouts[${index}].id`, {
      path: [...path, 'id'],
    })
  }
  if (group !== undefined && group !== null && group !== part.group) {
    throw new RequestError(
      422,
      'invalid_input',
      `expected the group of the path, or none; got another — rollouts[${index}].group`,
      { path: [...path, 'group'] },
    )
  }
  const record = { ...given, group: part.group }
  return { id, record, text: canonicalJson(record) }
}

function assertOwnIds(records: readonly { readonly id: string }[]): void {
  const seen = new Set<string>()
  records.forEach(({ id }, i) => {
    if (seen.has(id)) {
      const path = ['rollouts', i, 'id']
      const message = `expected an id of its own; got one that an earlier rollout has — rollouts[${i}].id`
      throw new RequestError(422, 'invalid_input', message, { path })
    }
    seen.add(id)
  })
}

function checkPart(
  part: GroupPart,
  known: Pending<unknown>,
  records: readonly { readonly id: string; readonly text: string }[],
): void {
  const conflict = (expected: string, got: string, hint: string) =>
    new RequestError(409, 'conflict', `expected ${expected}; got ${got}`, { path: ['rollouts'], hint })
  if (part.size !== known.size) {
    throw conflict(`a group of ${known.size}`, `one of ${part.size}`, 'every part of a group tells the same size')
  }
  const fresh = records.filter(({ id, text }) => {
    const before = known.members.get(id)
    if (before === undefined || before.text === text) return before === undefined
    throw conflict('the rollout that came under this id before', 'another', 'give every rollout an id of its own')
  })
  if (fresh.length === 0) return
  if (known.closed) {
    throw conflict(
      'a group that waits',
      'one that was scored without this rollout',
      'send the parts sooner, or wait longer',
    )
  }
  if (known.members.size + fresh.length > known.size) throw tooMany(part, known.members.size + fresh.length)
}

function tooMany(part: GroupPart, count: number): RequestError {
  return new RequestError(409, 'conflict', `expected at most the ${part.size} rollouts of the group; got ${count}`, {
    path: ['rollouts'],
  })
}

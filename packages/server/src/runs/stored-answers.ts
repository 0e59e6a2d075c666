import { RequestError } from '../http/request-error.ts'

/** A request that may come again: its key and a hash of everything that decides its answer. */
export interface RequestKey {
  readonly key: string
  readonly hash: string
}

/** The answer of a request that advanced a run, kept with the state it led to. */
export interface StoredAnswer extends RequestKey {
  readonly body: string
}

/** Ends a request that its run has answered: `body` is the answer it got. */
export class AnsweredBefore extends Error {
  readonly body: string

  constructor(body: string) {
    super('this request was answered before')
    this.name = 'AnsweredBefore'
    this.body = body
  }
}

/** Answers kept with one run, and their characters; what is older was long acknowledged. */
export const storedAnswerLimits = { entries: 64, characters: 2 ** 18 } as const

/** The answers kept once `answer` is among them, oldest forgotten first; the newest always stays. */
export function keepAnswer(answers: readonly StoredAnswer[], answer: StoredAnswer): readonly StoredAnswer[] {
  const kept = [...answers.slice(1 - storedAnswerLimits.entries), answer]
  let characters = kept.reduce((sum, { body }) => sum + body.length, 0)
  while (kept.length > 1 && characters > storedAnswerLimits.characters) {
    characters -= (kept.shift() as StoredAnswer).body.length
  }
  return kept
}

/** The stored answer of a request, `undefined` for a new one. Throws 409 for a key that came with another request. */
export function findAnswer(answers: readonly StoredAnswer[], { key, hash }: RequestKey): string | undefined {
  const found = answers.find(answer => answer.key === key)
  if (found === undefined) return undefined
  if (found.hash === hash) return found.body
  throw keyConflict()
}

/** 409 for a key that came with another request before. */
export function keyConflict(): RequestError {
  return new RequestError(409, 'conflict', 'expected the request this idempotency key came with before; got another', {
    hint: 'use a new key for a new request',
  })
}

import { GuerdonError } from '@guerdon/core'

/** A database of run states, as it may be named in errors and logs. */
export interface DatabaseName {
  /** Address without user, password and parameters. */
  readonly place: string
  /** What a thrown value says, with nothing of the password in it. */
  words(cause: unknown): string
}

/** What may be told of the database at `url`. */
export function describeDatabase(url: URL): DatabaseName {
  const secrets = secretsOf(url)
  return {
    place: `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`,
    words: cause => {
      let text = wordsOf(cause)
      for (const secret of secrets) text = text.replaceAll(secret, '…')
      return text
    },
  }
}

/** The database cannot be used now: 503, with a time to come back. */
export function unreachable(database: DatabaseName, cause: unknown): GuerdonError {
  // The cause stays behind: what a driver throws may carry the options it was made with.
  return new GuerdonError('io', `expected the database of run states to answer; got: ${database.words(cause)}`, {
    hint: 'the run did not advance unless its answer is found again under its idempotency-key',
  })
}

/** The database cannot be used at all, as when it is looked for at the start. */
export function notThere(database: DatabaseName, cause: unknown): GuerdonError {
  const { place, words } = database
  return new GuerdonError('io', `expected a database for run states at ${place}; got: ${words(cause)}`, {
    hint: 'start it, or check the address, the user and the password',
  })
}

function secretsOf(url: URL): string[] {
  const found = [
    url.password,
    ...[...url.searchParams].filter(([name]) => /pass/i.test(name)).map(([, value]) => value),
  ]
  return [...new Set(found.flatMap(secret => [secret, decoded(secret)]))].filter(secret => secret !== '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A connection refused on every address of a host comes as several errors without words of its own. */
function wordsOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(wordsOf).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}

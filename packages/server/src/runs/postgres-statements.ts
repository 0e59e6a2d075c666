import { RUN_FORMAT, type SavedRun } from './run-store.ts'

/** A statement and the values of its parameters. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | number | null)[]
}

/** One row: whether there is a table of runs. */
export const findTable = (): Statement => ({ text: `SELECT to_regclass('guerdon_runs') AS found`, values: [] })

/** Makes the table of runs; two servers that do so at once would meet in the catalogue, hence the lock. */
export const makeTable = (lock: bigint): Statement => ({
  text: `BEGIN;
    SELECT pg_advisory_xact_lock(${lock});
    CREATE TABLE IF NOT EXISTS guerdon_runs (
      run text PRIMARY KEY,
      format integer NOT NULL,
      revision text NOT NULL,
      updates bigint NOT NULL,
      state text NOT NULL,
      answers text NOT NULL,
      saved_at timestamptz NOT NULL
    );
    COMMIT`,
  values: [],
})

export const selectNames = (): Statement => ({ text: 'SELECT run FROM guerdon_runs ORDER BY run', values: [] })

/** The row of a run; of the revision that is known, nothing but that. */
export const selectRun = (run: string, known: string | undefined): Statement => ({
  text: `SELECT format, revision, updates AS update,
      CASE WHEN revision = $2 THEN NULL ELSE state END AS state,
      CASE WHEN revision = $2 THEN NULL ELSE answers END AS answers
    FROM guerdon_runs WHERE run = $1`,
  values: [run, known ?? null],
})

/**
 * Begins a transaction that has the lock of a run. Read committed: what is read after waiting is what others left. The
 * transaction of a process that stands still is ended by the database. A commit is on the disk where the database's
 * default is that it need not be.
 */
export const takeRun = (lock: bigint, deadlineMs: number): Statement => ({
  text: `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SET LOCAL lock_timeout = ${deadlineMs};
    SET LOCAL idle_in_transaction_session_timeout = ${deadlineMs + 5000};
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
    SELECT pg_advisory_xact_lock(${lock})`,
  values: [],
})

/** Saves a run that is still at the revision `known`, or not there where that is undefined. Again, it changes nothing. */
export const writeRun = (
  run: string,
  { update, state, answers }: SavedRun,
  { known, revision }: { readonly known: string | undefined; readonly revision: string },
): Statement => {
  const values = [run, RUN_FORMAT, revision, update, state, JSON.stringify(answers)]
  if (known === undefined) {
    return {
      text: `INSERT INTO guerdon_runs AS kept (run, format, revision, updates, state, answers, saved_at)
        VALUES ($1, $2, $3, $4, $5, $6, now())
        ON CONFLICT (run) DO UPDATE SET saved_at = now() WHERE kept.revision = $3`,
      values,
    }
  }
  return {
    text: `UPDATE guerdon_runs SET format = $2, revision = $3, updates = $4, state = $5, answers = $6, saved_at = now()
      WHERE run = $1 AND revision IN ($3, $7)`,
    values: [...values, known],
  }
}

/** A commit is on the disk from now on, in a session where the database's default is that it need not be. */
export const durable = (): Statement => ({
  text: `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`,
  values: [],
})

export const commit = (): Statement => ({ text: 'COMMIT', values: [] })

export const rollback = (): Statement => ({ text: 'ROLLBACK', values: [] })

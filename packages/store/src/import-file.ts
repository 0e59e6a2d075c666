import { basename } from 'node:path'
import { checkRollout, describeValue, GuerdonError, type Preference, type Rollout } from '@guerdon/core'
import { identifyFile, openSource } from './import-source.ts'
import { detectLayout, findLayout, placedError } from './layouts/index.ts'
import type { Store, Verdict } from './open-store.ts'

export interface ImportOptions {
  /** Name of a layout, or `auto` (default): for each record the one it looks like. */
  readonly layout?: string
  /** What errors, the report and ids made of line numbers call the file. Default its own name. */
  readonly name?: string
  /** Run the rollouts belong to. Default the file's name without its ending. */
  readonly run?: string
  /** What a bad record does: end the reading with its error (default), or be counted, listed and passed over. */
  readonly onError?: 'stop' | 'skip'
  /** Ends the reading with `aborted`; what was read is kept, and another import goes on behind it. */
  readonly signal?: AbortSignal
  /** Called now and then. */
  readonly onProgress?: (progress: { readonly lines: number; readonly bytes: number; readonly size: number }) => void
}

/** What an import did. */
export interface ImportReport {
  readonly file: string
  readonly run: string
  /** Layouts met, in the order they were met. */
  readonly layouts: readonly string[]
  /** What this import added. */
  readonly rollouts: number
  readonly preferences: number
  readonly verdicts: number
  /** Lines (of Parquet: rows) an earlier import of the same bytes had read; all of them when there was nothing to do. */
  readonly before: number
  readonly lines: number
  /** Records that hold nothing of their layout, such as spans that are no calls of a model. */
  readonly passedOver: number
  readonly skipped: number
  /** The first of the faults that were passed over, each with its line. */
  readonly faults: readonly GuerdonError[]
}

const recordsPerAppend = 2000
const charactersPerAppend = 2 ** 23

/**
 * Reads a file of rollouts or preferences, JSONL or Parquet, into a run. A file is known by its bytes: one that was read in
 * before adds nothing, one that was read in part goes on where it stopped.
 *
 * @throws io, what the first bad record is at fault for (file, line, field), or aborted
 */
export async function importFile(store: Store, file: string, options: ImportOptions = {}): Promise<ImportReport> {
  const { onError = 'stop', signal, onProgress } = options
  const shown = options.name ?? file
  const name = basename(shown)
  const run = options.run ?? name.replace(/\.(jsonl|ndjson|json|parquet)$/i, '')
  const fixed = options.layout === undefined || options.layout === 'auto' ? undefined : findLayout(options.layout)
  const source = await identifyFile(file, { name: shown, signal })
  const known = await knownSource(store, source.sha256, run)
  const before = known?.['lines'] ?? 0
  const done = { rollouts: 0, preferences: 0, verdicts: 0, passedOver: 0, lines: before }
  const met = new Set<string>()
  const reading = await openSource(store, source, { onError, ...(signal && { signal }) })
  const { report } = reading
  const summary = (): ImportReport => ({
    file: shown,
    run,
    layouts: [...met],
    before,
    ...done,
    skipped: report.skipped,
    faults: report.faults,
  })
  if (known?.['complete'] === 1) return summary()
  const ids = await idsOfRun(store, run)

  let held = emptyHold()
  let batch = known?.['batch']
  let position = (known?.['rollouts'] ?? 0) + (known?.['preferences'] ?? 0)
  const keep = async (complete: boolean) => {
    const { rollouts, preferences, verdicts } = held
    const total = (own: number, earlier: number | undefined) => own + (earlier ?? 0)
    const appended = await store.append({
      run,
      ...(batch === undefined ? {} : { continues: { batch, position } }),
      rollouts,
      preferences,
      verdicts,
      source: {
        sha256: source.sha256,
        name,
        layout: [...met].join(', '),
        lines: done.lines,
        rollouts: total(done.rollouts, known?.['rollouts']),
        preferences: total(done.preferences, known?.['preferences']),
        verdicts: total(done.verdicts, known?.['verdicts']),
        skipped: total(report.skipped, known?.['skipped']),
        passed_over: total(done.passedOver, known?.['passed_over']),
        bytes: source.size,
        complete: Number(complete),
      },
    })
    batch = appended
    position += rollouts.length + preferences.length
    held = emptyHold()
  }

  try {
    for await (const { line, value } of reading.records) {
      if (line <= before) continue
      let layout = fixed
      try {
        layout ??= detectLayout(value)
        const items = layout.read(value as Readonly<Record<string, unknown>>, `${name}:${line}`)
        const rollouts = (items.rollouts ?? []).map(rollout => checkRollout(rollout, 0).rollout)
        for (const { id } of rollouts) claim(ids, id, run)
        met.add(layout.name)
        hold(held, rollouts, items.preferences ?? [], items.verdicts ?? [], JSON.stringify(value).length)
        done.rollouts += rollouts.length
        done.preferences += items.preferences?.length ?? 0
        done.verdicts += items.verdicts?.length ?? 0
        if (rollouts.length + (items.preferences?.length ?? 0) + (items.verdicts?.length ?? 0) === 0) done.passedOver++
      } catch (error) {
        if (!(error instanceof GuerdonError) || error.code === 'io') throw error
        reading.refuse(placedError(error, { file: shown, line, ...(layout && { layout }) }))
      }
      done.lines = line
      if (held.records >= recordsPerAppend || held.characters >= charactersPerAppend) {
        await keep(false)
        onProgress?.({ lines: line, bytes: reading.bytes(), size: source.size })
      }
    }
    done.lines = Math.max(done.lines, report.lines)
  } catch (error) {
    // What was good so far is kept, so that the next import goes on behind it.
    if (held.records > 0) await keep(false)
    throw error
  }
  await keep(true)
  return summary()
}

interface Hold {
  readonly rollouts: Rollout[]
  readonly preferences: Preference[]
  readonly verdicts: Verdict[]
  records: number
  characters: number
}

function emptyHold(): Hold {
  return { rollouts: [], preferences: [], verdicts: [], records: 0, characters: 0 }
}

function hold(
  held: Hold,
  rollouts: readonly Rollout[],
  preferences: readonly Preference[],
  verdicts: readonly Verdict[],
  characters: number,
): void {
  held.rollouts.push(...rollouts)
  held.preferences.push(...preferences)
  held.verdicts.push(...verdicts)
  held.records++
  held.characters += characters
}

async function knownSource(store: Store, sha256: string, run: string): Promise<Record<string, number> | undefined> {
  const { rows } = await store.query('SELECT * FROM sources WHERE sha256 = $1 AND run = $2', [sha256, run])
  return rows[0] as Record<string, number> | undefined
}

async function idsOfRun(store: Store, run: string): Promise<Set<string>> {
  const { rows } = await store.query('SELECT id FROM rollouts WHERE run = $1', [run])
  return new Set(rows.map(({ id }) => id as string))
}

function claim(ids: Set<string>, id: string, run: string): void {
  if (!ids.has(id)) {
    ids.add(id)
    return
  }
  const expected = `an id that no other rollout of run ${run} has`
  throw new GuerdonError('invalid_input', `expected ${expected}; got ${describeValue(id)}`, {
    path: ['id'],
    rollout: id,
    expected,
    got: describeValue(id),
    hint: 'give a run of its own with --run, or leave out what is there already',
  })
}

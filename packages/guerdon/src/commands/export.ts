import { GuerdonError, type JsonRecord, jsonLine } from '@guerdon/core'
import { type ExportedRecords, exportRecords, layouts, rolloutColumnTypes, writeParquet } from '@guerdon/store'
import { Command, Option } from 'commander'
import { openWriter } from '../files.ts'
import type { Io } from '../io.ts'
import { formatItems } from '../score/format.ts'
import { interruptible, withStore } from '../store/open.ts'

interface ExportOptions {
  readonly store: string
  readonly to: string
  readonly layout: string
  readonly run?: string
  readonly where?: string
}

/** `guerdon export --store FOLDER --to FILE`: records out of a store. */
export function exportCommand(io: Io): Command {
  return new Command('export')
    .description('write rollouts or preferences of a store to a file')
    .requiredOption('-s, --store <folder>', 'the store')
    .requiredOption('-t, --to <file>', 'FILE.jsonl or FILE.parquet; - is standard output, as JSONL')
    .addOption(
      new Option('--layout <name>', 'how the file is laid out')
        .choices(layouts.filter(({ write }) => write !== undefined).map(({ name }) => name))
        .default('guerdon'),
    )
    .option('--run <name>', 'only of this run')
    .option('--where <sql>', 'only where this holds of the columns of rollouts or preferences')
    .addHelpText(
      'after',
      '\nThose with a high reward: --where "(batch, id) IN (SELECT (batch, id) FROM scores WHERE reward > 0.9)"',
    )
    .action(async ({ store: folder, to, layout, run, where }: ExportOptions) => {
      const selection = { layout, ...(run === undefined ? {} : { run }), ...(where === undefined ? {} : { where }) }
      await withStore(folder, { readOnly: true }, store =>
        interruptible(async signal => {
          const exported = exportRecords(store, selection)
          const records = until(signal, exported.records)
          let count: number
          if (/\.parquet$/i.test(to)) {
            const connection = await store.connect()
            const types = layout === 'guerdon' ? rolloutColumnTypes : {}
            count = await writeParquet(connection, records, to, { types }).finally(() => connection.closeSync())
          } else count = await writeLines(records, to, io)
          io.err(`${formatItems(count, 'record')} to ${to === '-' ? 'standard output' : to}${leftOut(exported)}\n`)
        }),
      )
    })
}

async function* until(signal: AbortSignal, records: AsyncIterable<JsonRecord>): AsyncGenerator<JsonRecord> {
  for await (const record of records) {
    if (signal.aborted) throw new GuerdonError('aborted', 'the export was aborted; no file was written')
    yield record
  }
}

async function writeLines(records: AsyncIterable<JsonRecord>, to: string, io: Io): Promise<number> {
  const writer = to === '-' ? undefined : openWriter(to)
  let count = 0
  try {
    for await (const record of records) {
      const line = jsonLine(record)
      if (writer === undefined) io.out(line)
      else await writer.write(line)
      count++
    }
    if (count === 0) throw new GuerdonError('empty', 'expected records to write; got none: nothing is selected')
    await writer?.finish()
    return count
  } catch (error) {
    writer?.discard()
    throw error
  }
}

function leftOut({ withoutTexts }: ExportedRecords): string {
  const count = withoutTexts()
  return count === 0 ? '' : `; ${formatItems(count, 'rollout')} left out that were kept without their texts`
}

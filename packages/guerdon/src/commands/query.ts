import { GuerdonError } from '@guerdon/core'
import { reports, runReport, tables } from '@guerdon/store'
import { Command, Option } from 'commander'
import type { Io } from '../io.ts'
import { withStore } from '../store/open.ts'
import { resultCsv, resultJson, resultTable } from '../store/result-text.ts'

interface QueryOptions {
  readonly store: string
  readonly report?: string
  readonly run?: string
  readonly json?: boolean
  readonly csv?: boolean
}

/** `guerdon query --store FOLDER SQL`: what a store holds. */
export function queryCommand(io: Io): Command {
  return new Command('query')
    .description('ask a store in SQL, or for one of its reports')
    .argument('[sql]', 'one statement over the tables of the store; it can only read')
    .requiredOption('-s, --store <folder>', 'the store')
    .addOption(new Option('--report <name>', 'a report in place of SQL').choices(reports.map(({ name }) => name)))
    .option('--run <name>', 'only of this run, in a report')
    .addOption(new Option('--json', 'print all rows as one list of JSON').conflicts('csv'))
    .option('--csv', 'print all rows as CSV')
    .addHelpText(
      'after',
      `\nReports:\n${reports.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n')}\n\nTables: ${Object.keys(tables).join(', ')}.\nDESCRIBE shows the columns of one; batch and id name a rollout in all of them.`,
    )
    .action(async (sql: string | undefined, options: QueryOptions) => {
      const { report, run } = options
      if ((sql === undefined) === (report === undefined)) {
        throw new GuerdonError('invalid_option', 'expected either a statement of SQL or --report; got both or none', {
          hint: 'guerdon query --store FOLDER "SELECT count(*) FROM rollouts"',
        })
      }
      const result = await withStore(options.store, { readOnly: true }, store =>
        report === undefined ? store.query(sql ?? '') : runReport(store, report, run === undefined ? {} : { run }),
      )
      const write = options.json === true ? resultJson : options.csv === true ? resultCsv : resultTable
      io.out(write(result))
    })
}

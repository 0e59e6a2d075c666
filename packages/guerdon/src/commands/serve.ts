import { GuerdonError } from '@guerdon/core'
import { defaultLimits, isDatabase, jsonLog, listen, openStoreRecorder, type UnscoredPolicy } from '@guerdon/server'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from '../io.ts'
import { buildRecipe, readRecipeFile } from '../recipe-file.ts'
import { reloadWhenAsked } from './serve-reload.ts'

const MIB = 2 ** 20

interface ServeOptions {
  readonly recipe: string
  readonly port: number
  readonly host: string
  readonly store?: string
  readonly records?: string
  readonly storeTexts?: boolean
  readonly unscored: UnscoredPolicy
  readonly grace: number
  readonly deadline: number
  readonly quiet?: boolean
  readonly workers: number
  readonly watch?: boolean
  readonly allowHost: readonly string[]
  readonly active: number
  readonly queued: number
  readonly maxBody: number
}

/** `guerdon serve --recipe FILE`: answers trainers over HTTP until SIGTERM or SIGINT. */
export function serveCommand(io: Io): Command {
  return new Command('serve')
    .description('answer trainers over HTTP with the rewards of a recipe')
    .requiredOption('-r, --recipe <file>', 'recipe, YAML or JSON')
    .option('-p, --port <n>', 'port; 0 takes any free one', port, 8787)
    .option('--host <address>', 'address to listen on; anything but loopback needs a token', '127.0.0.1')
    .addOption(
      new Option(
        '--store <folder or URL>',
        'keep the state of every run there before the answer, and go on from it; a database may be shared by servers',
      ).env('GUERDON_STORE'),
    )
    .option(
      '--records <folder>',
      'keep every scored batch there, on the disk before the answer (default: the folder of --store)',
    )
    .option('--store-texts', 'in these records keep prompts and responses too; else ids and numbers alone')
    .option(
      '--unscored <what>',
      'items without a number, where the trainer knows no word for them: refuse (503), or a value',
      unscored,
      'refuse',
    )
    .option('--workers <n>', 'processes that score; 0 scores in the one that answers', wholeNumber, 0)
    .option('--watch', 'read the recipe again when its file changes')
    .option(
      '--allow-host <name>',
      'on loopback, also answer requests that name this host; may be repeated',
      (name: string, names: readonly string[]) => [...names, name],
      [] as readonly string[],
    )
    .option('--active <n>', 'requests scored at a time', positive, defaultLimits.active)
    .option('--queued <n>', 'requests that may wait; one more is refused with 503', wholeNumber, defaultLimits.queued)
    .option('--max-body <MiB>', 'longest body', positive, defaultLimits.bodyBytes / MIB)
    .option('--deadline <ms>', 'longest time for an answer', milliseconds, defaultLimits.deadlineMs)
    .option('--grace <ms>', 'time for requests under way when asked to stop', milliseconds, 10_000)
    .option('--quiet', 'no log line a request')
    .addHelpText(
      'after',
      [
        '\nA token that callers must send is read from GUERDON_TOKEN. The log goes to standard error, one JSON object a line.',
        'SIGHUP reads the recipe again, as POST /v1/recipe does with the token; SIGTERM and SIGINT stop the server.',
        'A recipe that keeps a state needs --store to be scored by --workers.',
        'A URL of a store is postgres://, postgresql://, redis:// or rediss://USER:PASSWORD@HOST:PORT/DATABASE; what stands in',
        'GUERDON_STORE, or for Postgres in PGPASSWORD, does not show in the list of processes.',
        'The routes are described at /openapi.json.',
      ].join('\n'),
    )
    .action((options: ServeOptions) => serve(options, io))
}

async function serve(options: ServeOptions, io: Io): Promise<void> {
  const readSource = () => ({ plain: readRecipeFile(options.recipe) })
  const source = readSource()
  const recipe = buildRecipe(source.plain, options.recipe)
  const token = process.env['GUERDON_TOKEN']
  if (token === undefined && !['127.0.0.1', '::1', 'localhost'].includes(options.host)) {
    throw new GuerdonError('invalid_option', `expected a token to listen on ${options.host}; got none`, {
      path: ['host'],
      hint: 'set GUERDON_TOKEN, or listen on 127.0.0.1',
    })
  }
  const write = jsonLog(line => io.err(line))
  const records = recordsFolder(options)
  const recorder =
    records === undefined ? undefined : await openStoreRecorder(records, { texts: options.storeTexts === true })
  const server = await listen({
    recipe,
    source,
    readSource,
    workers: options.workers,
    allowHosts: options.allowHost,
    host: options.host,
    port: options.port,
    unscored: options.unscored,
    graceMs: options.grace,
    limits: {
      deadlineMs: options.deadline,
      active: options.active,
      queued: options.queued,
      bodyBytes: options.maxBody * MIB,
    },
    log: event => {
      if (options.quiet !== true || event.event !== 'request') write(event)
    },
    ...(options.store === undefined ? {} : { store: options.store }),
    ...(recorder === undefined ? {} : { recorder }),
    ...(token === undefined ? {} : { token }),
  })
  io.out(`${recipe.name} at ${server.url}\n`)
  const stopReloading = reloadWhenAsked(server, {
    ...(options.watch === true ? { file: options.recipe } : {}),
    onError: code => write({ level: 'error', event: 'not reloaded', code }),
  })
  await asked()
  stopReloading()
  await server.close()
}

/** Where scored batches are kept: with a folder for run states that folder, with a database only one that is named. */
function recordsFolder({ store, records, storeTexts }: ServeOptions): string | undefined {
  const folder = records ?? (store === undefined || isDatabase(store) ? undefined : store)
  if (folder !== undefined && isDatabase(folder)) {
    throw new GuerdonError('invalid_option', 'expected a folder for the records of scored batches; got a URL', {
      path: ['records'],
    })
  }
  if (folder === undefined && storeTexts === true) {
    throw new GuerdonError('invalid_option', 'expected a folder for the texts to be kept in; got none', {
      path: ['records'],
      hint: 'give --records FOLDER: a database keeps the states of runs and no records',
    })
  }
  return folder
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process as usual. */
function asked(): Promise<void> {
  return new Promise(resolve => {
    const stop = () => {
      process.off('SIGTERM', stop).off('SIGINT', stop)
      resolve()
    }
    process.on('SIGTERM', stop).on('SIGINT', stop)
  })
}

function port(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value
  throw new InvalidArgumentError('expected a port, 0 to 65535')
}

function milliseconds(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('expected whole milliseconds ≥ 1')
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0) return value
  throw new InvalidArgumentError('expected a whole number ≥ 0')
}

function positive(text: string): number {
  const value = wholeNumber(text)
  if (value >= 1) return value
  throw new InvalidArgumentError('expected a whole number ≥ 1')
}

function unscored(text: string): UnscoredPolicy {
  if (text === 'refuse') return text
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('expected "refuse" or a number')
}

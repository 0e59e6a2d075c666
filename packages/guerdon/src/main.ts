import { createRequire } from 'node:module'
import { GuerdonError } from '@guerdon/core'
import { Command, CommanderError } from 'commander'
import { errorJson, errorText } from './error-text.ts'
import type { Io } from './io.ts'

/** Every command, in the order of the help; loaded when it is called, or when all have to be listed. */
const commands: Readonly<Record<string, (io: Io) => Promise<Command>>> = {
  score: async io => (await import('./commands/score.ts')).scoreCommand(io),
  methods: async io => (await import('./commands/methods.ts')).methodsCommand(io),
  serve: async io => (await import('./commands/serve.ts')).serveCommand(io),
  import: async io => (await import('./commands/import.ts')).importCommand(io),
  export: async io => (await import('./commands/export.ts')).exportCommand(io),
  query: async io => (await import('./commands/query.ts')).queryCommand(io),
  rescore: async io => (await import('./commands/rescore.ts')).rescoreCommand(io),
  grader: async io => (await import('./commands/grader.ts')).graderCommand(io),
  rm: async io => (await import('./commands/rm.ts')).rmCommand(io),
  lab: async io => (await import('./commands/lab.ts')).labCommand(io),
  reproduce: async io => (await import('./commands/reproduce.ts')).reproduceCommand(io),
  arena: async io => (await import('./commands/arena.ts')).arenaCommand(io),
}

/** 0: done; 1: the data, a recipe or a run is at fault; 2: the command was not understood. */
export type ExitCode = 0 | 1 | 2

/** The command line, ready to parse: with the command called `only`, or with all. */
export async function createProgram(io: Io, only?: string): Promise<Command> {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string }
  const program = new Command('guerdon')
    .description('The reward layer for reinforcement learning: design a reward, test it, serve it, watch it.')
    .version(version)
    .showHelpAfterError('run it with --help to see what it takes')
    .exitOverride()
    .configureOutput({ writeOut: text => io.out(text), writeErr: text => io.err(text) })
    .addHelpText('after', '\nExit codes: 0 done, 1 the data or a recipe is at fault, 2 the command was not understood.')
  const wanted = only !== undefined && Object.hasOwn(commands, only) ? [only] : Object.keys(commands)
  for (const name of wanted) program.addCommand((await commands[name](io)).copyInheritedSettings(program))
  return program
}

/** Runs one command line (without the program's name) and says how to exit. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    const program = await createProgram(io, argv[0])
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof GuerdonError)) throw error
    io.err(argv.includes('--json') ? errorJson(error) : errorText(error))
    return 1
  }
}

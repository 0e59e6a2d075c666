import { bindStage, type Column, optionsJsonSchema } from '@guerdon/core'
import { type Family, families, findMethod, type MethodDefinition, methods } from '@guerdon/methods'
import { Command, Option } from 'commander'
import colours from 'picocolors'
import type { Io } from '../io.ts'

interface MethodsOptions {
  readonly json?: boolean
  readonly family?: Family
}

/** `guerdon methods [slug]`: what there is to build a recipe from. */
export function methodsCommand(io: Io): Command {
  return new Command('methods')
    .description('list the methods, or show one: its claim, options and stages')
    .argument('[slug]', 'one method')
    .addOption(new Option('--family <family>', 'only methods of one family').choices(Object.keys(families)))
    .option('--json', 'print JSON')
    .action((slug: string | undefined, options: MethodsOptions) => {
      if (slug !== undefined) {
        const method = findMethod(slug)
        io.out(options.json === true ? `${JSON.stringify(methodJson(method))}\n` : methodText(method))
        return
      }
      const chosen = methods.filter(method => options.family === undefined || method.family === options.family)
      io.out(options.json === true ? `${JSON.stringify(chosen.map(methodJson))}\n` : listText(chosen))
    })
}

function listText(chosen: readonly MethodDefinition[]): string {
  const width = Math.max(0, ...chosen.map(method => method.slug.length))
  const parts = Object.entries(families).flatMap(([family, question]) => {
    const members = chosen.filter(method => method.family === family)
    if (members.length === 0) return []
    const lines = members.map(
      ({ slug, summary, stages }) =>
        `  ${colours.bold(slug.padEnd(width))}  ${stages.length > 0 ? '●' : '○'} ${summary}`,
    )
    return [`${colours.cyan(family)} ${colours.dim(question)}`, ...lines, '']
  })
  return `${parts.join('\n')}${chosen.length} methods; ● has stages for recipes. guerdon methods <slug> shows one.\n`
}

function methodText(method: MethodDefinition): string {
  const { claim } = method
  const size = `${claim.direction} ${claim.metric} by ${claim.size} against ${claim.against.join(', ') || 'a fixed bound'}, ${claim.seeds} seeds`
  const lines = [
    `${colours.bold(method.slug)}  ${method.title} (${method.year}; ${method.paper})`,
    `${method.summary}`,
    '',
    `${colours.cyan('family')}    ${method.family}: ${families[method.family]}`,
    ...listed('takes', method.consumes),
    ...listed('gives', method.produces),
    ...listed('compat', method.compat ?? []),
    ...listed('related', method.related ?? []),
    '',
    `${colours.cyan('claim')}     ${claim.statement}`,
    `          ${colours.dim(`${size}; ${claim.setting}`)}`,
    '',
    colours.cyan('options'),
    ...optionLines(optionsJsonSchema(method.options)),
    '',
    colours.cyan('stages'),
    ...method.stages.flatMap(stageLines),
    ...(method.stages.length === 0 ? [`  none: ${method.withoutStage ?? 'it does not act on recorded rollouts'}`] : []),
  ]
  return `${lines.join('\n')}\n`
}

function listed(label: string, entries: readonly string[]): string[] {
  return entries.map((entry, i) => `${i === 0 ? colours.cyan(label.padEnd(9)) : ' '.repeat(9)} ${entry}`)
}

interface OptionSchema {
  readonly description?: string
  readonly default?: unknown
}

function optionLines(schema: Record<string, unknown>): string[] {
  const entries = Object.entries((schema['properties'] ?? {}) as Record<string, OptionSchema>)
  if (entries.length === 0) return ['  none']
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, option]) => {
    const fallback = option.default === undefined ? '' : colours.dim(` [${JSON.stringify(option.default)}]`)
    return `  ${name.padEnd(width)}  ${option.description ?? ''}${fallback}`
  })
}

function stageLines(stage: MethodDefinition['stages'][number]): string[] {
  const { reads, writes } = bindStage(stage)
  return [
    `  ${colours.bold(stage.name)}  ${stage.about}`,
    ...reads.map(column => `    ${colours.dim('reads ')} ${columnText(column)}`),
    ...writes.map(column => `    ${colours.dim('writes')} ${columnText(column)}`),
  ]
}

function columnText({ name, kind, about, optional }: Column): string {
  return `${name} ${colours.dim(`${kind}${optional === true ? ', optional' : ''}`)}  ${about}`
}

/** A method as data: what the registry says, with schemas in place of validators. */
function methodJson({ options, stages, ...method }: MethodDefinition): unknown {
  return {
    ...method,
    options: optionsJsonSchema(options),
    stages: stages.map(stage => {
      const { name, about, reads, writes, stateVersion } = bindStage(stage)
      return { name, about, options: optionsJsonSchema(stage.options), reads, writes, stateVersion }
    }),
  }
}

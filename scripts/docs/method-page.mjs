// The page of one method, from its definition, its doc comments and its example recipes.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicNames } from './declarations.mjs'
import { cell, optionKey, optionTable } from './option-table.mjs'

/** Public names of a method's module, from its compiled declarations. */
export function namesOf(method, root) {
  return publicNames(join(root, 'packages', 'methods', 'dist', method.family, `${method.slug}.d.ts`))
}

/** The page as Markdown. */
export function methodPage(method, { root, families, slugs }) {
  const names = namesOf(method, root)
  const definition = names.find(({ signature }) => signature.endsWith(': MethodDefinition;'))
  const { slug, family } = method
  return [
    `# ${slug} — ${method.title}`,
    '',
    method.summary,
    '',
    `*${method.paper}, ${method.year}.* Family [${family}](README.md#${family}): ${families[family]}. Module:`,
    `[\`@guerdon/methods/${family}/${slug}\`](../../packages/methods/src/${family}/${slug}.ts).`,
    '',
    ...introduction(definition),
    '## What goes in and comes out',
    '',
    ...method.consumes.map(text => `- in: ${text}`),
    ...method.produces.map(text => `- out: ${text}`),
    '',
    ...ownOptions(method),
    ...(method.compat?.length
      ? ['## Where paper and released code part', '', ...method.compat.map(text => `- ${text}`), '']
      : []),
    ...stageSection(method),
    ...examples(method, root, slugs),
    ...claimSection(method.claim),
    ...apiSection(method, names, definition),
    ...(method.related?.length
      ? ['## Related', '', method.related.map(other => `[${other}](${other}.md)`).join(', '), '']
      : []),
  ].join('\n')
}

/** The doc comment of the definition, unless it only points elsewhere. */
function introduction(definition) {
  return !definition?.comment || definition.comment.startsWith('See [') ? [] : [definition.comment, '']
}

/** The method's options, where no stage below has the same. */
function ownOptions(method) {
  const table = optionTable(method.options)
  const shown = method.stages.some(stage => optionKey(stage.options) === optionKey(method.options))
  return table.length === 0 || shown ? [] : ['## Options', '', ...table, '']
}

function stageSection(method) {
  if (method.stages.length === 0) {
    return ['## In a recipe', '', sentence(method.withoutStage ?? 'this method offers no stage'), '']
  }
  const lines = ['## In a recipe', '']
  for (const stages of alikeStages(method.stages)) {
    const [stage] = stages
    const options = stage.options.parse({})
    if (stages.length === 1) lines.push(`### \`${stage.name}\``, '', sentence(stage.about), '')
    else {
      lines.push(
        `### \`${stage.name}\` and ${stages.length - 1} more`,
        '',
        'Their columns and options are the same.',
        '',
      )
      lines.push(...stages.map(({ name, about }) => `- \`${name}\`: ${about}`), '')
    }
    lines.push('| column | | what it holds |', '| --- | --- | --- |')
    for (const column of stage.reads(options)) {
      lines.push(`| \`${column.name}\` | reads${column.optional ? ', when there' : ''} | ${cell(column.about)} |`)
    }
    for (const column of stage.writes(options)) lines.push(`| \`${column.name}\` | writes | ${cell(column.about)} |`)
    lines.push('', ...optionTable(stage.options), '')
  }
  return lines
}

/** Stages that read, write and accept the same, together: the dialects of one estimator are many. */
function alikeStages(stages) {
  const alike = new Map()
  for (const stage of stages) {
    const options = stage.options.parse({})
    const key = JSON.stringify([stage.reads(options), stage.writes(options), optionKey(stage.options)])
    alike.set(key, [...(alike.get(key) ?? []), stage])
  }
  return alike.values()
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
}

/** The recipes named after the method; `a-b-goal.yaml` belongs to `a-b` even where there is a method `a`. */
function examples(method, root, slugs) {
  const folder = join(root, 'examples', 'recipes')
  const owner = file =>
    slugs.filter(slug => file === `${slug}.yaml` || file.startsWith(`${slug}-`)).sort((a, b) => b.length - a.length)[0]
  return readdirSync(folder)
    .filter(file => file.endsWith('.yaml') && owner(file) === method.slug)
    .sort((a, b) => a.length - b.length)
    .flatMap(file => [
      `Example [examples/recipes/${file}](../../examples/recipes/${file}), run with`,
      `\`guerdon score --recipe examples/recipes/${file}\`:`,
      '',
      '```yaml',
      readFileSync(join(folder, file), 'utf8').trimEnd(),
      '```',
      '',
    ])
}

function claimSection(claim) {
  return [
    '## Claim',
    '',
    claim.statement,
    '',
    `- measured by: ${claim.metric} (${claim.direction} is better), size ${claim.size}, ${claim.seeds} seeds`,
    ...(claim.against.length > 0 ? [`- against: ${claim.against.join(', ')}`] : []),
    `- setting: ${claim.setting}`,
    '',
  ]
}

/** Functions, constants and types, without what stands above already: the definition, stages and schemas of options. */
function apiSection(method, names, definition) {
  const shown = names.filter(
    name =>
      name !== definition &&
      !/^const \w+: (Column;|StageDefinition<|z\.Zod)/.test(name.signature) &&
      !/^type \w+ = z\.infer</.test(name.signature),
  )
  if (shown.length === 0) return []
  const callable = shown.filter(({ kind }) => kind === 'function')
  return [
    '## Functions and types',
    '',
    ...(callable.length === 0
      ? []
      : [
          '```ts',
          `import { ${callable
            .slice(0, 4)
            .map(({ name }) => name)
            .join(', ')} } from '@guerdon/methods/${method.family}/${method.slug}'`,
          '```',
          '',
        ]),
    ...shown.flatMap(({ name, signature, comment }) => [
      `### \`${name}\``,
      '',
      comment,
      '',
      '```ts',
      shortened(signature),
      '```',
      '',
    ]),
  ]
}

const longest = 2000

/** Tables of constants are cut: their values are in the source. */
function shortened(signature) {
  return signature.startsWith('const ') && signature.length > longest
    ? `${signature.slice(0, signature.indexOf('{') + 1)} /* see the source */ }`
    : signature
}

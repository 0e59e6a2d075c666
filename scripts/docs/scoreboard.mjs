import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The published outcomes, in the order of the registry and then of the levels. */
function outcomes({ root, slugs }) {
  const folder = join(root, 'docs', 'results')
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter(name => name.endsWith('.json') && !name.startsWith('arena-'))
  const all = names.map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')))
  const place = ({ slug, level }) => 2 * slugs.indexOf(slug) + (level === 'trained' ? 1 : 0)
  return all.sort((a, b) => place(a) - place(b))
}

const number = value => (Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString())

/** The scoreboard: a row a study, what was measured of its first criterion, and whether all of it holds. */
export function scoreboard(context) {
  const rows = outcomes(context).map(({ slug, level, metric, criteria, controls, effect, holds, seeds }) => {
    const [first] = criteria
    const held = criteria.filter(criterion => criterion.holds).length
    const rival = first.against ? ` against ${first.against}` : ''
    const measured = `${number(effect.value)} [${number(effect.low)}, ${number(effect.high)}]`
    const failing = controls.filter(({ fails }) => fails).length
    const some = failing === 0 ? 'does not fail' : `${failing} of ${controls.length} fail`
    const control = failing === controls.length ? 'fails' : some
    const verdict = holds ? 'holds' : `does not (${held} of ${criteria.length})`
    return `| [${slug}](docs/results/${slug}.html) | ${level} | ${first.metric ?? metric}: ${first.arm}${rival} | ${measured} | ${seeds.length} | ${control} | ${verdict} |`
  })
  if (rows.length === 0) return '_No claim has been published yet._'
  return [
    '| claim | level | what decides | effect | seeds | control | verdict |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

/** The table, the comparison with what was aimed at, and RESULTS.md. */

const milliseconds = value => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3))

/** Smallest median of an engine family on a workload, or undefined. */
export function best(results, workload, engines, family) {
  const medians = engines
    .filter(engine => engine.family === family)
    .map(engine => results[workload]?.[engine.id])
    .filter(result => result?.median !== undefined && result.agrees !== false)
    .map(result => result.median)
  return medians.length > 0 ? Math.min(...medians) : undefined
}

const ratio = (workload, family) => ({
  value: (results, engines) => best(results, workload, engines, 'guerdon') / best(results, workload, engines, family),
})

/** What the engine aims at; `value` is computed from the best thread count of each side. */
export const aims = [
  { text: 'Transformer step: time ÷ PyTorch', most: 0.7, ...ratio('transformer', 'pytorch') },
  { text: 'Transformer step: time ÷ TensorFlow.js', most: 1 / 15, ...ratio('transformer', 'tfjs') },
  { text: 'MLP step: time ÷ PyTorch', most: 0.6, ...ratio('mlp', 'pytorch') },
  { text: 'Convolutional step: time ÷ PyTorch', most: 1, ...ratio('conv', 'pytorch') },
  { text: 'Gradient-penalty step: time ÷ PyTorch', most: 1, ...ratio('penalty', 'pytorch') },
  {
    text: 'Smallest call, milliseconds',
    most: 0.1,
    value: (results, engines) => best(results, 'call', engines, 'guerdon'),
  },
  {
    text: 'Sampling: time with cache ÷ time recomputing the prefix',
    most: 0.2,
    value: (results, engines) =>
      best(results, 'sampling', engines, 'guerdon') / best(results, 'prefix', engines, 'guerdon'),
  },
]

/** Rows of the aims with what was measured; those that could not be measured are left out. */
export function judge(results, engines) {
  return aims.flatMap(({ text, most, value }) => {
    const measured = value(results, engines)
    return Number.isFinite(measured) ? [{ text, most, measured, reached: measured <= most }] : []
  })
}

function cell(result) {
  if (result === undefined) return '–'
  if (result.median === undefined) return `– (${result.missing ?? 'no result'})`
  const mark = result.agrees === false ? ' †' : ''
  const few = result.calls < 5 ? ` (${result.calls} calls)` : ''
  const noisy = result.disturbed > result.calls / 4 ? ' ‡' : ''
  return `${milliseconds(result.median)} (${milliseconds(result.p10)}–${milliseconds(result.p90)})${mark}${noisy}${few}${result.note ? ` ${result.note}` : ''}`
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)))
  const line = row => `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}

/** Everything measured, as Markdown. */
export function markdown({ machine, results, engines, workloads }) {
  const measured = Object.keys(results)
  const head = ['Milliseconds: median (p10–p90)', ...engines.map(engine => engine.label)]
  const body = measured.map(name => [workloads[name].title, ...engines.map(({ id }) => cell(results[name][id]))])
  const versions = new Set(measured.flatMap(name => Object.values(results[name]).map(result => result.version)))
  const verdicts = judge(results, engines).map(({ text, most, measured: value, reached }) => {
    return [text, `≤ ${most.toPrecision(2)}`, value.toPrecision(3), reached ? 'reached' : 'not reached']
  })
  const noisy = measured.some(name =>
    Object.values(results[name]).some(({ disturbed, calls }) => disturbed > calls / 4),
  )
  const disagreeing = measured.some(name => Object.values(results[name]).some(result => result.agrees === false))
  return [
    '# Engine benchmark',
    '',
    'The same work in every engine: same initial parameters, data, sizes and optimiser; engines take turns in one run and',
    'their first losses (or sums of sampled tokens) are compared with PyTorch. Run it with `npm run bench -- engine`.',
    '',
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory} GB, ${machine.system}; load ${machine.load} at the start.`,
    `Versions: ${[...versions].filter(Boolean).join('; ')}; Node ${machine.node}. Measured ${machine.date}.`,
    '',
    table([head, ...body]),
    '',
    ...(disagreeing
      ? ['† The losses differ from PyTorch’s by more than 0.1 % within three steps; not compared below.', '']
      : []),
    ...(noisy
      ? ['‡ Other programs kept the machine busy during over a quarter of the calls: the time may be too long.', '']
      : []),
    ...(verdicts.length > 0
      ? [table([['Aim (best thread count of each side)', 'Aim', 'Measured', ''], ...verdicts]), '']
      : []),
  ].join('\n')
}

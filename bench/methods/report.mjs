/** The tables, the comparison with what was aimed at, and RESULTS.md. */

const figure = (value, digits = 3) => (value >= 100 ? value.toFixed(0) : Number(value.toPrecision(digits)).toString())

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map(row => row[column].length)))
  const line = row => `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}

function timeCell(result) {
  if (!result || result.missing) return '–'
  const mark = result.agrees === false ? ' †' : ''
  return `${figure(result.median)} (${figure(result.p10)}–${figure(result.p90)})${mark}`
}

/** Smallest median among the engines whose id starts so, or undefined. */
function best(results, prefix) {
  const medians = Object.entries(results)
    .filter(([id, result]) => id.startsWith(prefix) && result.median !== undefined && result.agrees !== false)
    .map(([, result]) => result.median)
  return medians.length > 0 ? Math.min(...medians) : undefined
}

/** What was aimed at and what came of it; rows that were not measured are left out. */
export function aims(measured) {
  const lines = []
  const ratio = (text, row, prefix, most) => {
    const theirs = measured[row] && best(measured[row].results, prefix)
    if (theirs === undefined) return
    lines.push({ text, most, value: measured[row].results.guerdon.median / theirs })
  }
  for (const size of ['1024x1024', '4096x256']) {
    ratio(`GRPO ${size}: time ÷ verl vectorised`, `grpo-${size}`, 'verl-vectorized', 1 / 5)
    ratio(`RLOO ${size}: time ÷ verl vectorised`, `rloo-${size}`, 'verl-vectorized', 1 / 5)
    ratio(`GAE ${size}: time ÷ verl`, `gae-${size}`, 'verl', 1 / 20)
  }
  const fixed = (text, row, most) => {
    if (measured[row]) lines.push({ text, most, value: measured[row].results.guerdon.median })
  }
  fixed('GRPO 1024x1024, ms (a fifth of 6.7)', 'grpo-1024x1024', 6.7 / 5)
  fixed('RLOO 1024x1024, ms (a fifth of 6.7)', 'rloo-1024x1024', 6.7 / 5)
  fixed('GAE 1024x1024, ms (a twentieth of 148)', 'gae-1024x1024', 148 / 20)
  for (const { row, growth, memory } of Object.values(measured)) {
    const exponents = [growth.rollouts, growth.turns].filter(value => value !== undefined)
    lines.push({ text: `${row.title}: exponent of growth`, most: 1.1, value: Math.max(...exponents) })
    lines.push({ text: `${row.title}: heap bytes a token`, most: 0.1, value: memory.heapPerToken })
  }
  return lines.map(line => ({ ...line, reached: line.value <= line.most }))
}

/** Everything measured, as Markdown. */
export function markdown({ machine, measured, engines, versions, notes, bandwidth }) {
  const shown = Object.values(measured)
  const times = [
    ['Milliseconds: median (p10–p90)', ...engines.map(({ label }) => label)],
    ...shown.map(({ row, results }) => [row.title, ...engines.map(({ id }) => timeCell(results[id]))]),
  ]
  const sizes = [
    [
      'Guerdon',
      'tokens',
      'ns a token',
      'GB/s',
      'of copying',
      'growth, rollouts',
      'growth, turns',
      'heap B/token',
      'buffer B/token',
    ],
    ...shown.map(({ row, tokens, results, growth, memory }) => {
      const rate = (row.bytesPerToken * tokens) / results.guerdon.median / 1e6
      return [
        row.title,
        String(tokens),
        figure((results.guerdon.median * 1e6) / tokens),
        figure(rate),
        `${figure((100 * rate) / bandwidth, 2)} %`,
        growth.rollouts.toFixed(2),
        growth.turns?.toFixed(2) ?? '–',
        memory.heapPerToken.toFixed(2),
        memory.buffersPerToken.toFixed(2),
      ]
    }),
  ]
  const verdicts = aims(measured).map(({ text, most, value, reached }) => [
    text,
    `≤ ${figure(most)}`,
    figure(value),
    reached ? 'reached' : 'not reached',
  ])
  const disagreeing = shown.some(({ results }) => Object.values(results).some(({ agrees }) => agrees === false))
  return [
    '# Methods benchmark',
    '',
    'The same data in every engine, padded to [B, T] for those that need it; engines take turns in one run and their results',
    '(Σ |advantage|) are compared. `npm run bench -- methods`; with `GUERDON_VERL` set to the path of a verl checkout its own',
    'functions run beside ours. The stand-ins restate the formulas and say nothing about the speed of anybody’s release.',
    '',
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory} GB, ${machine.system}; load ${machine.load} at the start.`,
    `Versions: ${versions.join('; ')}. Copying memory: ${figure(bandwidth)} GB/s. Measured ${machine.date}.`,
    ...notes.map(note => `Left out: ${note}.`),
    '',
    '## Time',
    '',
    table(times),
    '',
    ...(disagreeing ? ['† The results differ from Guerdon’s by more than 0.1 %.', ''] : []),
    '## Guerdon: rate, growth, memory',
    '',
    'Growth: log(time ÷ time at a quarter of the size) ÷ log 4, so 1 is linear. Bytes a token: what one call leaves behind for',
    'each further token, objects on the heap and buffers of typed arrays (results) apart.',
    '',
    table(sizes),
    '',
    '## Aims',
    '',
    table([['Aim', 'at most', 'measured', ''], ...verdicts]),
    '',
  ].join('\n')
}

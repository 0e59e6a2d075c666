/** The tables, the comparison with what was aimed at, and RESULTS.md. */

export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  const middle = (sorted.length - 1) / 2
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2
}

export function thousands(rate) {
  if (!Number.isFinite(rate)) return '–'
  const [unit, name] = rate >= 1e6 ? [1e6, ' M'] : [1e3, ' k']
  return `${(rate / unit).toPrecision(3)}${name}`
}

export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)))
  const line = row => `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`
  return [line(rows[0]), `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`, ...rows.slice(1).map(line)].join(
    '\n',
  )
}

export const times = value => (Number.isFinite(value) ? `${value.toPrecision(3)}×` : '–')

/** Everything measured, as Markdown: medians over rounds; ratios are medians of the ratios within a round. */
export function markdown({ machine, rounds, names, sizes }) {
  const ours = (round, name, copies) => round.ours[name]?.[copies]?.rate
  const theirs = (round, name, column) => round.peer?.results[name]?.[column]
  const over = pick => median(rounds.map(pick))
  const largest = sizes.at(-1)
  const peer = rounds.find(round => round.peer)?.peer
  const head = [
    'Steps per second',
    ...sizes.map(copies => `N = ${copies}`),
    'Python, one copy',
    `N = 1 ÷ Python`,
    `N = ${largest} ÷ Python`,
  ]
  const body = names.map(name => [
    name,
    ...sizes.map(copies => thousands(over(round => ours(round, name, copies)))),
    thousands(over(round => theirs(round, name, 'single'))),
    times(over(round => ours(round, name, 1) / theirs(round, name, 'single'))),
    times(over(round => ours(round, name, largest) / theirs(round, name, 'single'))),
  ])
  const batches = sizes
    .filter(copies => Number.isFinite(over(round => theirs(round, 'cart-pole', copies))))
    .map(copies => [
      `N = ${copies}`,
      thousands(over(round => ours(round, 'cart-pole', copies))),
      thousands(over(round => theirs(round, 'cart-pole', copies))),
      times(over(round => ours(round, 'cart-pole', copies) / theirs(round, 'cart-pole', copies))),
    ])
  const aim = over(round => ours(round, 'cart-pole', 1) / theirs(round, 'cart-pole', 'single'))
  const allocated = names.map(name => {
    const known = rounds.flatMap(round => {
      const bytes = round.ours[name]?.[largest]?.bytesPerStep
      return bytes === null || bytes === undefined ? [] : [bytes]
    })
    return { name, known, bytes: median(known) }
  })
  const told = allocated.filter(({ known }) => known.length > 0)
  const collected = allocated.filter(({ known }) => known.length === 0)
  return [
    '# Worlds benchmark',
    '',
    'Random actions drawn beforehand, episodes that start anew by themselves (`next-step`), observations, rewards and both',
    'end flags written for every copy. Python is stepped one environment at a time through `gymnasium.make`, as a training',
    'loop does. Run it with `npm run bench -- worlds`.',
    '',
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory} GB, ${machine.system}; load ${machine.load} at the start.`,
    `Seconds are of processor time, so that other programs count less; in turns; medians of ${rounds.length} rounds. Node ${machine.node}. Measured ${machine.date}.`,
    `Python: ${peer?.peer ?? 'not available'}.`,
    '',
    table([head, ...body]),
    '',
    ...(batches.length > 0
      ? [
          'Gymnasium has one of these worlds as arrays in NumPy too, CartPole:',
          '',
          table([['CartPole, steps per second', 'Guerdon', 'Gymnasium’s vector environment', 'ratio'], ...batches]),
          '',
        ]
      : []),
    ...(Number.isFinite(aim)
      ? [
          table([
            ['Aim', 'Aim', 'Measured', ''],
            [
              `CartPole, one copy: steps per second ÷ ${peer.standIn ? 'the stand-in’s (not Gymnasium)' : 'Gymnasium’s'}`,
              '≥ 20×',
              times(aim),
              aim >= 20 ? 'reached' : 'not reached',
            ],
          ]),
          '',
        ]
      : []),
    ...(told.length > 0
      ? [
          `Heap growth per step of a copy, N = ${largest}, where nothing was collected meanwhile: ${told
            .map(({ name, bytes }) => `${name} ${bytes.toPrecision(2)} B`)
            .join(', ')}.`,
        ]
      : []),
    ...(collected.length > 0
      ? [`Garbage was collected during all rounds of: ${collected.map(({ name }) => name).join(', ')}.`]
      : []),
    '',
  ].join('\n')
}

/** The table of the worlds that need a physics engine, and where it goes in RESULTS.md. */
import { median, table, thousands, times } from './report.mjs'

const heading = '## Physics engines'

/** Everything measured, as Markdown: medians over rounds; ratios are medians of the ratios within a round. */
export function physicsMarkdown({ machine, rounds }) {
  const names = Object.keys(rounds[0].results)
  const over = pick => median(rounds.map(pick))
  const ratio = (name, column) =>
    over(({ results }) => (results[name].native === null ? Number.NaN : results[name][column] / results[name].native))
  const rate = (name, column) => over(({ results }) => results[name][column] ?? Number.NaN)
  const { version, nativeVersion } = rounds[0]
  const worst = Math.min(...names.map(name => ratio(name, 'wasm')).filter(Number.isFinite))
  return [
    heading,
    '',
    'Physics steps per second. WebAssembly and the C library step the same model from the same start with the same random',
    'controls, 100 actions again and again; `vectorWorld` adds what a world is: loading and storing the state, reward,',
    'observation, episodes. Rapier’s worlds are made anew from bytes for every action of 8 steps, which is counted.',
    '',
    `MuJoCo ${version} in WebAssembly; ${nativeVersion ? `the C library is MuJoCo ${nativeVersion}, compiled by its distribution` : 'the C library was not available'}.`,
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory} GB, ${machine.system}; load ${machine.load} at the start.`,
    `Seconds are of processor time; in turns; medians of ${rounds.length} rounds. Node ${machine.node}. Measured ${machine.date}.`,
    '',
    table([
      [
        'Steps per second',
        'WebAssembly',
        'in `vectorWorld`',
        'C library',
        'WebAssembly ÷ C',
        '`vectorWorld` ÷ C',
        'actions/s',
      ],
      ...names.map(name => [
        name,
        thousands(rate(name, 'wasm')),
        thousands(rate(name, 'world')),
        thousands(rate(name, 'native')),
        times(ratio(name, 'wasm')),
        times(ratio(name, 'world')),
        thousands(over(({ results }) => results[name].world / results[name].frameSkip)),
      ]),
    ]),
    '',
    ...(Number.isFinite(worst)
      ? [
          table([
            ['Aim', 'Aim', 'Measured', ''],
            [
              'MuJoCo, the slowest model: WebAssembly ÷ C library',
              '≥ 0.4×',
              times(worst),
              worst >= 0.4 ? 'reached' : 'not reached',
            ],
          ]),
          '',
        ]
      : []),
  ].join('\n')
}

/** RESULTS.md with one of its parts replaced. */
export function withPart(whole, part, text) {
  const cut = whole.indexOf(heading)
  const [plain, physics] = cut < 0 ? [whole, ''] : [whole.slice(0, cut), whole.slice(cut)]
  const parts = part === 'plain' ? [text, physics] : [plain, text]
  return `${parts
    .map(each => each.trim())
    .filter(each => each !== '')
    .join('\n\n')}\n`
}

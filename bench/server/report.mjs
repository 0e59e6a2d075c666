// What the benchmark writes down.
import os from 'node:os'

const verdict = reached => (reached ? 'reached' : 'not reached')
const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
const mib = bytes => (bytes / 2 ** 20).toFixed(1)

/** The parts that were measured, as Markdown. */
export function report({ requests, workers, crowds, kills, memory }) {
  const part = (measured, lines) =>
    measured === undefined
      ? []
      : [
          ...lines(measured.result),
          `Measured ${measured.on}; load of the machine ${measured.load.toFixed(1)} at the end.`,
          '',
        ]
  return [
    '# Reward server benchmark',
    '',
    'Written by `npm run bench -- server --write`. Servers and load share the machine; the servers are processes of their own.',
    '',
    `Machine: ${os.cpus()[0].model.trim()}, ${os.cpus().length} cores, ${os.platform()} ${os.arch()}. Node ${process.versions.node}.`,
    '',
    ...part(requests, requestLines),
    ...part(workers, workerLines),
    ...part(crowds, held => held.flatMap(crowdLines)),
    ...part(kills, killLines),
    ...part(memory, memoryLines),
  ].join('\n')
}

function requestLines({ rounds, seconds, fastapi }) {
  const ratio = median(rounds.map(({ bare, guerdon }) => guerdon.rate / bare.rate))
  const cost = median(rounds.map(({ bare, guerdon }) => bare.cost / guerdon.cost))
  const peer = fastapi === undefined ? undefined : median(rounds.map(round => round.guerdon.rate / round.fastapi.rate))
  return [
    '## OpenRLHF requests of 64 items',
    '',
    `Requests a second over 8 kept connections, ${seconds} s a turn, the servers in turn. The bare handler is \`node:http\` that collects the body, parses it and answers the same bytes; Guerdon runs the recipe of the quick start; FastAPI (${fastapi ?? 'not installed'}) runs the same rules with a pydantic model, one process. Where other programs keep the machine busy, requests a second swing from turn to turn and the ratio of processor time is the one to go by.`,
    '',
    '| turn | bare, requests/s | Guerdon, requests/s | ratio | bare, CPU ms | Guerdon, CPU ms | ratio | FastAPI, requests/s | ratio | FastAPI, CPU ms | ratio |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rounds.map(({ bare, guerdon, fastapi: other }, i) => {
      const rates = [bare.rate.toFixed(0), guerdon.rate.toFixed(0), (guerdon.rate / bare.rate).toFixed(2)]
      const costs = [bare.cost.toFixed(2), guerdon.cost.toFixed(2), (bare.cost / guerdon.cost).toFixed(2)]
      const last =
        other === undefined
          ? ['–', '–', '–', '–']
          : [
              other.rate.toFixed(1),
              (guerdon.rate / other.rate).toFixed(1),
              other.cost.toFixed(1),
              (other.cost / guerdon.cost).toFixed(1),
            ]
      return `| ${[i + 1, ...rates, ...costs, ...last].join(' | ')} |`
    }),
    '',
    `Median ratio to the bare handler **${ratio.toFixed(2)}** (aim ≥ 0.70: ${verdict(ratio >= 0.7)}); of processor time **${cost.toFixed(2)}**.`,
    ...(peer === undefined
      ? []
      : [
          '',
          `Median ratio to FastAPI **${peer.toFixed(1)}** (aim ≥ 10: ${verdict(peer >= 10)}); of processor time **${median(rounds.map(round => round.fastapi.cost / round.guerdon.cost)).toFixed(1)}**.`,
        ]),
    '',
  ]
}

function workerLines({ counts, seconds }) {
  return [
    '## Worker processes',
    '',
    `The same requests, ${seconds} s each, from two loading processes with 8 connections each.`,
    '',
    '| workers | requests/s |',
    '| --- | --- |',
    ...counts.map(
      ({ count, rate }) => `| ${count === 0 ? '0 (scored where it is answered)' : count} | ${rate.toFixed(0)} |`,
    ),
    '',
  ]
}

function crowdLines(held) {
  const bound = 200 * held.depth
  return [
    `## ${held.clients} clients of a 200 ms reward that fails 5 % of the time, ${held.active} at work`,
    '',
    `Each client sends 3 requests of one item, one after another; ${held.active} requests are worked on at a time, the rest wait.`,
    '',
    `- ${held.total} requests: ${held.scored} numbers, every one of them right (${held.wrong} wrong); ${held.refused} of ${held.failing} failing items refused with 503; ${held.lost} lost.`,
    `- p50 ${held.p50.toFixed(0)} ms, p99 ${held.p99.toFixed(0)} ms; 200 ms × queue depth ${held.depth} = ${bound} ms; p99 ratio **${(held.p99 / bound).toFixed(2)}** (aim ≤ 1.5: ${verdict(held.p99 <= 1.5 * bound)}). The server spent ${held.cost.toFixed(2)} ms of processor time a request.`,
    '',
  ]
}

function killLines({ kills, runs, acknowledged, resent, wrong, missing }) {
  return [
    `## Killed ${kills} times under load`,
    '',
    `${runs} runs side by side on a server with a store and a recipe with a state, ended with SIGKILL at a drawn moment and started anew on the same store. A batch without an answer is sent again under its key.`,
    '',
    `- ${acknowledged} batches acknowledged, ${resent} sent again: ${wrong} counted twice or lost by the state, ${missing} without a record in the store (aim 0 and 0: ${verdict(wrong + missing === 0)}).`,
    '',
  ]
}

function memoryLines({ minutes, requests, least, most, growth }) {
  return [
    `## Memory over ${minutes} minutes of load`,
    '',
    `- ${requests} requests of 64 items; resident memory between ${mib(least)} and ${mib(most)} MiB after warming up, its trend ${mib(growth)} MiB a minute.`,
    '',
  ]
}

const fixed = (value, digits) => value.toFixed(digits)

function table(head, rows) {
  const line = cells => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A wall time that others disturbed does not tell whether an aim that speaks of a quiet machine would be missed. */
const verdict = (reached, runs) => {
  if (reached) return 'reached'
  return runs.some(({ others }) => others > 0.5) ? 'not shown, the machine was busy' : 'not reached'
}

function cartPole(runs) {
  const worst = Math.max(...runs.map(({ seconds }) => seconds))
  const cpu = Math.max(...runs.map(({ cpuSeconds }) => cpuSeconds))
  const all = runs.every(({ solved }) => solved)
  return `## PPO on CartPole until 100 episodes return 475 on average

${table(
  [
    'Seed',
    'Solved',
    'Steps',
    'Episodes',
    'Average return',
    'Seconds',
    'Processor seconds',
    'Processors kept busy by others',
  ],
  runs.map(({ seed, solved, steps, episodes, averageReturn, seconds, cpuSeconds, others }) => [
    seed,
    solved ? 'yes' : 'no',
    steps,
    episodes,
    fixed(averageReturn, 1),
    fixed(seconds, 1),
    fixed(cpuSeconds, 1),
    fixed(others, 2),
  ]),
)}

Aim: at most 20 seconds on two quiet cores. Slowest run: ${fixed(worst, 1)} s, ${fixed(cpu, 1)} processor seconds: ${verdict(all && worst <= 20, runs)}.
`
}

function grpo(runs) {
  const best = Math.max(...runs.map(({ perSecond }) => perSecond))
  return `## GRPO updates of a 2-layer policy

d 64, 4 heads, 64 tokens in the vocabulary; an update samples 64 rollouts of 48 tokens (8 prompts of 4 tokens, 8 each), scores
and credits them, evaluates the reference and takes one gradient step.

${table(
  [
    'Threads',
    'Updates a second',
    'Processor seconds an update',
    'Processors kept busy by others',
    'Mean score, first → last',
  ],
  runs.map(({ threads, perSecond, cpuPerUpdate, others, before, after }) => [
    threads,
    fixed(perSecond, 2),
    fixed(cpuPerUpdate, 3),
    fixed(others, 2),
    `${fixed(before, 2)} → ${fixed(after, 2)}`,
  ]),
)}

Aim: at least 4 a second. Best: ${fixed(best, 2)}: ${verdict(best >= 4, runs)}.
`
}

function diffusion(runs) {
  return `## Updates of a U-Net that denoises 8×8 images

10 classes, two levels, 64 images a minibatch; an update draws the noise and takes one gradient step.

${table(
  ['Channels', 'Threads', 'Updates a second', 'Processor seconds an update', 'Processors kept busy by others'],
  runs.map(({ channels, threads, perSecond, cpuPerUpdate, others }) => [
    channels.join(', '),
    threads,
    fixed(perSecond, 1),
    fixed(cpuPerUpdate, 4),
    fixed(others, 2),
  ]),
)}
`
}

function memory(runs) {
  return runs
    .map(
      ({ name, updates, samples }) => `## Memory over ${updates} updates: ${name}

${table(
  ['Updates', 'Resident MB', 'Heap MB', 'External MB'],
  samples.map(({ update, rss, heap, external }) => [update, fixed(rss, 1), fixed(heap, 1), fixed(external, 1)]),
)}

Resident memory of the last half less that of the first half, on average: ${fixed(drift(samples), 1)} MB.
`,
    )
    .join('\n')
}

function drift(samples) {
  const half = Math.floor(samples.length / 2)
  const mean = part => part.reduce((total, { rss }) => total + rss, 0) / part.length
  return mean(samples.slice(-half)) - mean(samples.slice(0, half))
}

const sections = { 'cart-pole': cartPole, grpo, diffusion, memory, 'diffusion-memory': memory }

/** The machine and the moment a part was measured on. */
function circumstances({ cpu, cores, memory: gigabytes, system, node, load, date }) {
  return `_${cpu}, ${cores} cores, ${gigabytes} GB, ${system}; load ${load} at the start. Node ${node}. Measured ${date}._`
}

/** The measured parts as a page, in the order of the sections. */
export function markdown(measured) {
  const parts = Object.keys(sections).filter(name => name in measured)
  return `# Learner benchmark

Run it with \`npm run bench -- learn\`; wall times count only where other programs kept few processors busy. Each part says
under what circumstances it was measured.

${parts.map(name => `${circumstances(measured[name].machine)}\n\n${sections[name](measured[name].result)}`).join('\n')}`
}

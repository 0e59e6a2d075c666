/** The engines compared, and how to start a process of each; see protocol.mjs for what is said to them. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'
const node = (file, ...rest) => {
  return threads => ({ command: process.execPath, args: [`${here}${file}`], threads, rest })
}
const torch = threads => ({ command: python, args: [`${here}peers/pytorch.py`], threads, rest: [] })

/** Columns of the table: `family` groups the thread counts of one engine. */
export const engines = [
  { id: 'guerdon-1', family: 'guerdon', label: 'Guerdon, 1 thread', start: () => node('ours.mjs')(1) },
  { id: 'guerdon-2', family: 'guerdon', label: 'Guerdon, 2 threads', start: () => node('ours.mjs')(2) },
  { id: 'pytorch-1', family: 'pytorch', label: 'PyTorch, 1 thread', start: () => torch(1) },
  { id: 'pytorch-2', family: 'pytorch', label: 'PyTorch, 2 threads', start: () => torch(2) },
  {
    id: 'guerdon-wasm',
    family: 'guerdon-wasm',
    label: 'Guerdon WASM',
    start: () => node('ours.mjs', 'wasm')(1),
  },
  { id: 'jax-js', family: 'jax-js', label: 'jax-js WASM', start: () => node('peers/jax-js.mjs')(1) },
  { id: 'tfjs', family: 'tfjs', label: 'TensorFlow.js WASM', start: () => node('peers/tfjs.mjs')(1) },
]

/** Installs the npm peers in this folder unless they are there. Returns why not, if it fails. */
export function installPeers({ install }) {
  const present = ['@jax-js/jax', '@tensorflow/tfjs'].every(name => existsSync(`${here}node_modules/${name}`))
  if (present || !install) return present ? undefined : 'not installed (run without --no-install)'
  process.stderr.write('bench: installing TensorFlow.js and jax-js in bench/engine (about 300 MB, once)\n')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: here,
    stdio: [0, 2, 2],
  })
  return status === 0 ? undefined : 'npm ci failed in bench/engine'
}

/**
 * Starts an engine on a workload and waits until it is ready. `run(n)` does n calls; `missing` is set instead when the
 * engine or the workload is not available. `urgent` runs it before all other programs, where that is allowed.
 */
export async function open(engine, workload, arraysPath, { urgent = false } = {}) {
  const { command, args, threads, rest } = engine.start()
  const line = [
    ...(urgent ? ['nice', '-n', '-20'] : []),
    command,
    ...args,
    workload,
    arraysPath,
    String(threads),
    ...rest,
  ]
  const child = spawn(line[0], line.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], detached: urgent })
  if (urgent) preferSession(child.pid)
  let errors = ''
  child.stderr.on('data', chunk => {
    errors = (errors + chunk).slice(-4000)
  })
  const failed = new Promise(resolve => child.on('error', resolve))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const receive = async () => {
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), failed.then(() => ({ done: true }))])
      if (done) return { missing: lastError(errors) }
      if (value.startsWith('{')) return JSON.parse(value)
    }
  }
  const first = await receive()
  return {
    ...first,
    pid: child.pid,
    async run(n) {
      child.stdin.write(`${JSON.stringify({ run: n })}\n`)
      return receive()
    },
    close: () =>
      new Promise(resolve => (child.exitCode === null ? child.on('exit', resolve) && child.stdin.end() : resolve())),
  }
}

/** Linux weighs whole sessions against each other before it looks at priorities; an engine is a session of its own. */
function preferSession(pid) {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '-20')
  } catch {
    // Not Linux, no sessions weighed, or not allowed: the engine then runs like any other program.
  }
}

function lastError(errors) {
  const line = errors.split('\n').findLast(each => /Error|error/.test(each))
  if (/No module named 'torch'/.test(errors)) return 'PyTorch is not installed'
  return (line ?? 'did not start').trim().replaceAll(here, '').slice(0, 120)
}

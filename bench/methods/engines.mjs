/** The engines of the benchmark: programs that are asked line by line. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const python = process.env.PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3')

/** Which Python modules can be imported. */
function importable(module) {
  return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0
}

/** Engines that can run here, and why the others cannot. */
export function enginesHere({ threads, verl, urgent }) {
  const node = (id, label, which) => ({ id, label, command: [process.execPath, join(here, 'serve.mjs'), which] })
  const program = (id, label, ...args) => ({
    id,
    label,
    command: [python, join(here, 'peers', args[0]), ...args.slice(1)],
  })
  const engines = [
    node('guerdon', 'Guerdon', 'ours'),
    node('guerdon-fresh', 'Guerdon, new float64 arrays', 'ours-fresh'),
  ]
  const notes = []
  if (importable('numpy')) engines.push(program('numpy', 'NumPy stand-in', 'numpy_restated.py'))
  else {
    engines.push(node('restated', 'JavaScript stand-in, array at a time', 'restated'))
    notes.push(`the NumPy stand-in: ${python} has no numpy`)
  }
  if (!verl) notes.push("verl: GUERDON_VERL is not set to a checkout's path")
  else if (!importable('torch')) notes.push(`verl: ${python} has no torch`)
  else {
    for (const n of [...new Set([1, threads])]) {
      const words = n === 1 ? '1 thread' : `${n} threads`
      engines.push(program(`verl-${n}`, `verl, ${words}`, 'verl_functions.py', verl, String(n)))
      const vectorized = ['verl_functions.py', verl, String(n), '--vectorized']
      engines.push(program(`verl-vectorized-${n}`, `verl vectorised, ${words}`, ...vectorized))
    }
  }
  return { engines: engines.map(engine => ({ ...engine, urgent })), notes }
}

/**
 * Starts an engine in a process of its own, for one row, so that what the compiler learnt from other rows does not matter.
 * `run(row, calls)` gives { times, check } or { missing }.
 */
export async function start({ label, urgent, command: [program, ...args] }, folder) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  if (urgent) setPriority(child.pid, constants.priority.PRIORITY_HIGHEST)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${label} ended`)
    return JSON.parse(value)
  }
  const { version } = await answer()
  return {
    version,
    run: (row, calls) => {
      child.stdin.write(`${JSON.stringify({ row, folder, calls })}\n`)
      return answer()
    },
    close: () => child.stdin.end(),
  }
}

const typeNames = new Map([
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int32Array, 'int32'],
  [Uint8Array, 'uint8'],
])

/** Writes the data of a row where Python programs can read it. */
export function writeData(data, folder) {
  mkdirSync(folder, { recursive: true })
  const types = {}
  const plain = {}
  for (const [name, value] of Object.entries(data)) {
    if (ArrayBuffer.isView(value)) {
      types[name] = typeNames.get(value.constructor)
      writeFileSync(join(folder, `${name}.bin`), value)
    } else plain[name] = value
  }
  writeFileSync(join(folder, 'data.json'), JSON.stringify({ ...plain, types }))
}

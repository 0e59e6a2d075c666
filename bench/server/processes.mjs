// The servers of the benchmark, each a process of its own.
import { fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = name => fileURLToPath(new URL(name, import.meta.url))
const children = []

/** Starts a kind of serve.mjs. */
export async function startServer(kind, parameter) {
  const child = fork(path('serve.mjs'), parameter === undefined ? [kind] : [kind, String(parameter)])
  children.push(child)
  const [port] = await once(child, 'message')
  const ask = async question => {
    child.send(question)
    return (await once(child, 'message'))[0]
  }
  return { port, cpu: () => ask('cpu'), memory: () => ask('memory'), stop: () => child.kill('SIGTERM') }
}

/** Starts the FastAPI server; undefined where Python has no FastAPI. Its processor time is read from the system. */
export async function startFastApi() {
  const python = ['/usr/bin/python3', 'python3'].find(
    name => spawnSync(name, ['-c', 'import fastapi, uvicorn']).status === 0,
  )
  if (python === undefined) return undefined
  const child = spawn(python, [path('peers/fastapi_server.py')], { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  const [line] = await once(child.stdout, 'data')
  const versions = spawnSync(python, ['-c', 'import fastapi, uvicorn; print(fastapi.__version__, uvicorn.__version__)'])
  const [fastapi, uvicorn] = String(versions.stdout).trim().split(' ')
  const version = `${fastapi}, uvicorn ${uvicorn}`
  return { port: Number(String(line)), version, cpu: () => cpuOf(child.pid), stop: () => child.kill() }
}

/** Milliseconds of processor time of a process, as Linux tells it in hundredths of a second. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

/** Ends whatever still runs. */
export function stopAll() {
  for (const child of children) child.kill('SIGKILL')
}

import { buildRecipe } from '../recipe-source.ts'
import type { Recorder } from '../recorder.ts'
import { openRuns } from '../runs/open-runs.ts'
import type { RunStore } from '../runs/run-store.ts'
import { createLocalEngine } from './local.ts'
import {
  type FromWorker,
  fromWire,
  ownerOf,
  type ToWorker,
  toWire,
  type WireError,
  type WorkerSetup,
} from './messages.ts'
import type { Done, Engine, Reloaded } from './work.ts'

// A worker process: an engine of its own, asked by the process in front over its channel. Never imported, only forked.

const send = (message: FromWorker) => {
  if (process.connected) process.send?.(message)
}

const working = new Map<number, AbortController>()
const recording = new Map<number, (error: WireError | undefined) => void>()
let lastRecord = 0
let engine: Engine | undefined

// Signals of the terminal reach the whole group; when this process ends is for the one in front to say.
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined)
process.on('disconnect', () => process.exit(0))

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'setup':
      setUp(message.setup).then(
        () => send({ type: 'ready' }),
        error => {
          send({ type: 'failed', id: 0, error: toWire(error) })
          process.disconnect()
        },
      )
      break
    case 'compute': {
      const controller = new AbortController()
      working.set(message.id, controller)
      settle(message.id, (engine as Engine).compute(message.work, controller.signal))
      break
    }
    case 'abort':
      working.get(message.id)?.abort(fromWire(message.error))
      break
    case 'reload':
      settle(
        message.id,
        buildRecipe(message.source).then(recipe => (engine as Engine).reload(recipe)),
      )
      break
    case 'recorded':
      recording.get(message.id)?.(message.error)
      break
    case 'ping':
      send({ type: 'pong' })
  }
})

function settle(id: number, work: Promise<Done | Reloaded>): void {
  work
    .then(
      result => send({ type: 'done', id, result }),
      error => send({ type: 'failed', id, error: toWire(error) }),
    )
    .finally(() => working.delete(id))
}

async function setUp({ source, limits, unscored, store, records, index, count }: WorkerSetup): Promise<void> {
  const recipe = await buildRecipe(source)
  const { deadlineMs } = limits
  const states = store === undefined ? undefined : ownRuns(openRuns(store, { shared: true, deadlineMs }), index, count)
  engine = createLocalEngine({
    recipe,
    limits,
    unscored,
    onCounts: counts => send({ type: 'counts', counts }),
    ...(states === undefined ? {} : { states }),
    ...(records ? { recorder: recorderInFront } : {}),
  })
}

function ownRuns(states: RunStore, index: number, count: number): RunStore {
  return { ...states, names: async () => (await states.names()).filter(run => ownerOf(run, count) === index) }
}

const recorderInFront: Recorder = {
  record: ({ run, update, recipe, batch }) =>
    new Promise((resolve, reject) => {
      const id = ++lastRecord
      recording.set(id, error => {
        recording.delete(id)
        if (error === undefined) resolve()
        else reject(fromWire(error))
      })
      send({ type: 'record', id, sent: { run, update, recipe: recipe.version, batch } })
    }),
  close: () => Promise.resolve(),
}

// Serves counting-recipe.mjs: `node counting-server.mjs FOLDER [WORKERS [DEADLINE [RECORDS]]]`. Prints its address.
import { listen, openStoreRecorder } from '@guerdon/server'
import { recipe } from './counting-recipe.mjs'

const [store, workers = '0', deadline = '60000', records = ''] = process.argv.slice(2)

try {
  const server = await listen({
    recipe,
    source: { module: new URL('counting-recipe.mjs', import.meta.url).href },
    port: 0,
    workers: Number(workers),
    limits: { deadlineMs: Number(deadline) },
    graceMs: 2000,
    ...(store === '' ? {} : { store }),
    ...(records === '' ? {} : { recorder: await openStoreRecorder(records) }),
  })
  process.once('SIGTERM', () => server.close())
  process.stdout.write(`${server.url}\n`)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

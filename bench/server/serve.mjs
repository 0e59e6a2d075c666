// One server of the benchmark in a process of its own: `serve.mjs KIND [PARAMETER]`; sends its port to the parent.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { defineRecipe, parseRecipe } from '@guerdon/core'
import { defineAsyncReward, listen, openStoreRecorder } from '@guerdon/server'
import { parse } from 'yaml'
import { answer } from './requests.mjs'

const [kind, parameter] = process.argv.slice(2)

// Asked for it, tells the processor time used so far in milliseconds, or the resident memory in bytes.
process.on('message', question => {
  const { user, system } = process.cpuUsage()
  process.send(question === 'memory' ? process.memoryUsage.rss() : (user + system) / 1000)
})

const quickStart = () => parse(readFileSync(new URL('../../examples/recipes/serve.yaml', import.meta.url), 'utf8'))

/** Waits 200 ms for each item and fails where 20 divides the number in the response. */
const slow = () =>
  defineRecipe({
    name: 'slow',
    steps: [
      defineAsyncReward({
        name: 'slow',
        score: async ({ response }) => {
          await new Promise(resolve => setTimeout(resolve, 200))
          if (Number(response) % 20 === 0) throw new Error('no answer')
          return Number(response)
        },
      }),
    ],
  })

const kinds = {
  /** `node:http` that collects the body, parses it and answers the same bytes. */
  bare: () =>
    new Promise(resolve => {
      const server = createServer((incoming, outgoing) => {
        const parts = []
        incoming.on('data', part => parts.push(part))
        incoming.on('end', () => {
          JSON.parse(Buffer.concat(parts).toString())
          outgoing.writeHead(200, { 'content-type': 'application/json' }).end(answer)
        })
      })
      server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port }))
    }),
  guerdon: () => listen({ recipe: parseRecipe(quickStart()), port: 0 }),
  workers: () => {
    const plain = quickStart()
    return listen({ recipe: parseRecipe(plain), source: { plain }, workers: Number(parameter), port: 0 })
  },
  slow: () => listen({ recipe: slow(), port: 0, limits: { active: Number(parameter) } }),
  counting: async () => {
    const { recipe } = await import('./counting-recipe.mjs')
    const recorder = await openStoreRecorder(parameter, { texts: false })
    return await listen({ recipe, port: 0, store: parameter, recorder })
  },
}

const server = await kinds[kind]()
process.once('SIGTERM', async () => {
  await server.close?.()
  process.disconnect()
})
process.send(server.port)

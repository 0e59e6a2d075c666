// One server of the benchmark in a process of its own: `serve.mjs bare|guerdon|slow`; sends its port to the parent.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { defineRecipe, parseRecipe } from '@guerdon/core'
import { defineAsyncReward, listen } from '@guerdon/server'
import { parse } from 'yaml'
import { ACTIVE, answer } from './requests.mjs'

const [kind] = process.argv.slice(2)

// Asked for it, tells the processor time used so far, in milliseconds.
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send((user + system) / 1000)
})

if (kind === 'bare') {
  const server = createServer((incoming, outgoing) => {
    const parts = []
    incoming.on('data', part => parts.push(part))
    incoming.on('end', () => {
      JSON.parse(Buffer.concat(parts).toString())
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    })
  })
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
} else if (kind === 'guerdon') {
  const file = new URL('../../examples/recipes/serve.yaml', import.meta.url)
  const server = await listen({ recipe: parseRecipe(parse(readFileSync(file, 'utf8'))), port: 0 })
  process.send(server.port)
} else {
  const reward = defineAsyncReward({
    name: 'slow',
    score: async ({ response }) => {
      await new Promise(resolve => setTimeout(resolve, 200))
      if (Number(response) % 20 === 0) throw new Error('no answer')
      return Number(response)
    },
  })
  const recipe = defineRecipe({ name: 'slow', steps: [reward] })
  const server = await listen({ recipe, port: 0, limits: { active: ACTIVE } })
  process.send(server.port)
}

// Load on a server, and what came back.
import { Agent, request } from 'node:http'
import { answer, body } from './requests.mjs'

function post(port, path, text, agent) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const outgoing = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, incoming => {
      const parts = []
      incoming.on('data', part => parts.push(part))
      incoming.on('end', () => resolve({ status: incoming.statusCode, text: Buffer.concat(parts).toString() }))
      incoming.on('error', reject)
    })
    outgoing.on('error', reject).end(text)
  })
}

/** Requests a second over 8 kept connections; throws unless every answer has the expected numbers. */
export async function throughput(port, seconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const started = performance.now()
  let done = 0
  const client = async () => {
    while (performance.now() - started < 1000 * seconds) {
      const { status, text } = await post(port, '/get_reward', body, agent)
      // FastAPI writes the same answer with other spaces and 1.0 for 1.
      if (status !== 200 || (text !== answer && !sameAnswer(text)))
        throw new Error(`unexpected answer ${status}: ${text.slice(0, 200)}`)
      done++
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  const rate = (1000 * done) / (performance.now() - started)
  agent.destroy()
  return rate
}

const expected = JSON.stringify(JSON.parse(answer))
const sameAnswer = text => JSON.stringify(JSON.parse(text)) === expected

/** Many clients at once, each sending `each` requests of one item one after another; the item i fails where 20 divides i. */
export async function crowd(port, { clients, each, active }) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const times = []
  const counts = { total: clients * each, scored: 0, wrong: 0, failing: 0, refused: 0, lost: 0 }
  const client = async c => {
    for (let n = 0; n < each; n++) {
      const index = c * each + n
      const text = JSON.stringify({ prompt: 'p', response: String(index), label: null })
      const started = performance.now()
      if (index % 20 === 0) counts.failing++
      try {
        const { status, text: got } = await post(port, '/adapters/slime', text, agent)
        times.push(performance.now() - started)
        if (status === 503 && index % 20 === 0) counts.refused++
        else if (status === 200 && index % 20 !== 0 && got === String(index)) counts.scored++
        else counts.wrong++
      } catch {
        counts.lost++
      }
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, c) => client(c)))
  agent.destroy()
  times.sort((a, b) => a - b)
  const at = share => times[Math.min(times.length - 1, Math.floor(share * times.length))]
  return { ...counts, active, depth: Math.ceil(clients / active), p50: at(0.5), p99: at(0.99) }
}

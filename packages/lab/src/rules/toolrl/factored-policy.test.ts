import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { answer, createToolPolicy, drawRequest, drawTools, updateToolPolicy } from './factored-policy.ts'

describe('requests and tools', () => {
  it('ask for one or two calls whose tools, keys and values are hidden one to one', () => {
    const tools = drawTools(new Random(1))
    const random = new Random(2)
    const requests = Array.from({ length: 200 }, () => drawRequest(random))
    expect(new Set(requests.map(request => request.length))).toEqual(new Set([1, 2]))
    const nameOf = new Map<number, Set<string>>()
    for (const request of requests) {
      tools.callsOf(request).forEach(({ name, parameters }, i) => {
        expect(Object.keys(parameters)).toHaveLength(2)
        nameOf.set(request[i].tool, (nameOf.get(request[i].tool) ?? new Set()).add(name))
      })
    }
    expect([...nameOf.values()].map(names => names.size)).toEqual([1, 1, 1, 1])
    expect(new Set([...nameOf.values()].flatMap(names => [...names])).size).toBe(4)
  })
})

describe('a policy of tables', () => {
  it('is greedy without a generator, and learns the decision it is credited for', () => {
    const policy = createToolPolicy(0.1)
    const request = [{ tool: 2, values: [0, 4] }]
    const first = answer(policy, request)
    expect(first.wellFormed).toBe(false)
    const random = new Random(5)
    for (let update = 0; update < 30; update++) {
      const answers = Array.from({ length: 8 }, () => answer(policy, request, random))
      updateToolPolicy(
        policy,
        answers,
        answers.map(({ wellFormed }) => (wellFormed ? 1 : -1)),
      )
    }
    expect(answer(policy, request).wellFormed).toBe(true)
  })

  it('answers the last intent again when it calls once too often', () => {
    const policy = createToolPolicy(0.1)
    policy.tables.count.logits.set([0, 1])
    expect(answer(policy, [{ tool: 1, values: [0, 1] }]).calls).toHaveLength(2)
  })
})

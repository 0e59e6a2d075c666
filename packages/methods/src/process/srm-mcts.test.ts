import { batchFromRollouts, bindStage, type ColumnData, Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  annotateByMcts,
  backpropagate,
  beamSearch,
  distinctPairs,
  pairDepths,
  pairView,
  preferencePairs,
  type StepPreference,
  srmMctsStage,
  stateView,
  uctSelect,
} from './srm-mcts.ts'

describe('uctSelect', () => {
  it('adds w·√(ln N_parent / N) to the value', () => {
    const { selected, scores } = uctSelect(
      [
        { correct: 1, visits: 2 },
        { correct: 0, visits: 1 },
      ],
      3,
    )
    expect(scores?.[0]).toBeCloseTo(0.5 + Math.sqrt(Math.log(3) / 2), 12)
    expect(scores?.[1]).toBeCloseTo(Math.sqrt(Math.log(3)), 12)
    expect(selected).toBe(0)
  })

  it('takes the first unvisited child, and the lowest index on ties', () => {
    const visited = { correct: 1, visits: 1 }
    expect(uctSelect([visited, { correct: 0, visits: 0 }, { correct: 0, visits: 0 }], 1)).toEqual({ selected: 1 })
    expect(uctSelect([visited, visited], 2).selected).toBe(0)
    expect(() => uctSelect([], 1)).toThrow(/at least one child/)
  })

  it('is greedy without exploration', () => {
    expect(
      uctSelect(
        [
          { correct: 5, visits: 10 },
          { correct: 3, visits: 5 },
        ],
        99,
        { explorationWeight: 0 },
      ).selected,
    ).toBe(1)
  })
})

describe('backpropagate', () => {
  it('counts every node up to the root and no other', () => {
    const { visits, correct, values } = backpropagate(
      [null, 0, 1, 0],
      [
        { leaf: 2, outcome: 1 },
        { leaf: 1, outcome: 0 },
      ],
    )
    expect([...visits]).toEqual([2, 2, 1, 0])
    expect([...correct]).toEqual([1, 1, 1, 0])
    expect([...values]).toEqual([0.5, 0.5, 1, 0])
  })

  it('refuses nodes that do not exist and cycles', () => {
    expect(() => backpropagate([null], [{ leaf: 3, outcome: 1 }])).toThrow(/reaches 3/)
    expect(() => backpropagate([1, 0], [{ leaf: 0, outcome: 1 }])).toThrow(/path to the root/)
  })
})

describe('preferencePairs', () => {
  it('compares visited siblings only, strictly', () => {
    const tree = { parents: [null, 0, 0, 0, 1, 0], visits: [20, 10, 10, 10, 3, 0], correct: [0, 10, 3, 2, 0, 0] }
    // 1 − 0.3 is exactly the gap; node 4 is nobody's sibling; node 5 is unvisited
    expect(preferencePairs(tree)).toEqual([[1, 3]])
    expect(preferencePairs(tree, { minGap: 0.69 })).toEqual([
      [1, 2],
      [1, 3],
    ])
    expect(preferencePairs(tree, { minVisits: 11 })).toEqual([])
  })

  it('excludes an exact gap whatever its rounding', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 3 }), (tens, low) => {
        const n = 10 * tens
        const tree = { parents: [null, 0, 0], visits: [2 * n, n, n], correct: [0, (low + 7) * tens, low * tens] }
        expect(preferencePairs(tree)).toEqual([])
        expect(preferencePairs({ ...tree, correct: [0, (low + 7) * tens + 0.5, low * tens] })).toEqual([[1, 2]])
      }),
    )
  })

  it('counts pairs by depth', () => {
    expect(
      pairDepths(
        [
          [1, 2],
          [3, 4],
          [4, 3],
        ],
        [null, 0, 0, 1, 1],
      ),
    ).toEqual([0, 1, 2])
    expect(pairDepths([], [null])).toEqual([])
  })

  it('drops pairs that repeat the same texts', () => {
    expect(
      distinctPairs(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        ['', 'a', 'b', 'a', 'b', 'c', 'c'],
      ),
    ).toEqual([[1, 2]])
  })
})

describe('views', () => {
  const steps = [
    { thought: 'double it', expression: '6 * 2 = 12' },
    { thought: 'add', expression: '12 + 1 = 13' },
  ]
  it.each([
    ['FC', ['double it', '6 * 2 = 12', 'add', '12 + 1 = 13']],
    ['MO', ['6 * 2 = 12', '12 + 1 = 13']],
    ['SSMO', ['12 + 1 = 13']],
    ['NT', ['double it', '6 * 2 = 12', 'add', '12 + 1 = 13', 'next']],
  ] as const)('%s', (kind, expected) => {
    expect(stateView(steps, kind, 'next')).toEqual(expected)
    expect(stateView([], kind, null)).toEqual([])
  })

  it('shows next-thought pairs before the step is executed', () => {
    const other = [steps[0], { thought: 'subtract', expression: '12 - 1 = 11' }]
    expect(pairView(steps, other, 'NT')).toEqual({
      preferred: ['double it', '6 * 2 = 12', 'add'],
      rejected: ['double it', '6 * 2 = 12', 'subtract'],
    })
    expect(pairView(steps, other, 'SSMO').rejected).toEqual(['12 - 1 = 11'])
  })
})

describe('annotateByMcts', () => {
  // states are strings over {a, b}; a solution is three letters, right when it is "aaa"
  const world = (random: Random) => ({
    expand: (state: string) => ['a', 'b'].map(letter => state + letter),
    isTerminal: (state: string) => state.length === 3,
    playOut: (state: string) => {
      let played = state
      while (played.length < 3) played += random.choice(['a', 'b'])
      return played === 'aaa' ? (1 as const) : (0 as const)
    },
  })

  it('finds the right branch and prefers it to its siblings', () => {
    const tree = annotateByMcts('', world(new Random(1)), { iterations: 200, branching: 2 })
    const node = (state: string) => tree.states.indexOf(state)
    expect(tree.visits[0]).toBe(200)
    expect(tree.values[node('a')]).toBeGreaterThan(tree.values[node('b')])
    expect(preferencePairs(tree)).toContainEqual([node('aaa'), node('aab')])
    expect(Math.max(...tree.depths)).toBe(3)
  })

  it('counts every iteration once at the root, and children never more than their parent', () => {
    const tree = annotateByMcts('', world(new Random(2)), { iterations: 60, branching: 2, depthLimit: 2 })
    tree.parents.forEach((parent, node) => {
      if (parent !== null) expect(tree.visits[node]).toBeLessThanOrEqual(tree.visits[parent])
    })
    expect(Math.max(...tree.depths)).toBe(2)
    expect(annotateByMcts('', world(new Random(1)), { iterations: 0 }).visits[0]).toBe(0)
  })
})

describe('beamSearch', () => {
  const children = [[1, 2], [3, 4], [5], [], [], []]
  const graph = (scores: number[], terminal: readonly number[] = [3, 4, 5]) => ({
    children: (state: number) => children[state],
    score: (state: number) => scores[state],
    isTerminal: (state: number) => terminal.includes(state),
  })

  it('is greedy for a beam of one and looks further with two', () => {
    const scores = [0, 2, 1, 3, 4, 9]
    expect(beamSearch(graph(scores))).toEqual({ bestPath: [0, 1, 4], finalBeam: [4] })
    expect(beamSearch(graph(scores), { beamSize: 2 })).toEqual({ bestPath: [0, 2, 5], finalBeam: [5, 4] })
  })

  it('lets terminal states stay and compete', () => {
    expect(beamSearch(graph([0, 9, 1, 3, 4, 5], [1, 5]), { beamSize: 2 }).finalBeam).toEqual([1, 5])
  })

  it('keeps generation order on ties and stops at dead ends and limits', () => {
    expect(beamSearch(graph([0, 1, 1, 1, 1, 1]), { beamSize: 3 }).finalBeam).toEqual([3, 4, 5])
    expect(beamSearch(graph([0, 2, 1, 3, 4, 9], [])).bestPath).toEqual([0, 1, 4])
    expect(beamSearch(graph([0, 2, 1, 3, 4, 9]), { depthLimit: 1 }).bestPath).toEqual([0, 1])
    expect(beamSearch(graph([0]), { depthLimit: 0 })).toEqual({ bestPath: [0], finalBeam: [0] })
    expect(() => beamSearch(graph([0, Number.NaN, 1]))).toThrow(/state 1/)
  })
})

describe('stage', () => {
  const rollout = (id: string, outcome: unknown, actions: string[]) => ({
    id,
    group: 'q',
    prompt: 'p',
    outcome,
    turns: actions.map(action => ({ action })),
  })

  it('shares nodes between rollouts with equal beginnings', async () => {
    const failure = { status: 'failed', failure: { class: 'timeout', message: 'verifier' } }
    const batch = batchFromRollouts([
      rollout('a', 1, ['x', 'y']),
      rollout('b', 0, ['x', 'z']),
      rollout('c', failure, ['x', 'w']),
    ])
    const stage = bindStage(srmMctsStage)
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['turn.srmMctsValue'])]).toEqual([0.5, 1, 0.5, 0, NaN, NaN])
    expect([...numbersIn(columns['turn.srmMctsVisits'])]).toEqual([2, 1, 2, 1, NaN, NaN])
    const pairs = columns['group.srmMctsPairs'].values[0] as StepPreference[]
    expect(pairs).toEqual([{ history: ['x'], preferred: 'y', rejected: 'z', gap: 1 }])
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}

import { batchFromRollouts, bindStage, failed, outcomeAt, type Signal } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  classifyExecution,
  compileProgram,
  extractProgram,
  guardRewards,
  maniskillPrograms,
  metaworldPrograms,
  nearestExamples,
  type ProgramSchema,
  type RefinementState,
  ranksTrajectories,
  refine,
  renderPrompt,
  staticFindings,
  text2rewardStage,
  toGeneral,
  toSpecific,
} from './text2reward.ts'

describe('extraction', () => {
  it.each([
    ['```python\na = 1\n```', 'a = 1'],
    ['```\nb\n``` then ```python\nc\n```', 'c'],
    ['```\nb\n``` then ```\nc\n```', 'b'],
    ['```python\na = 1', null],
    ['```python\r\na = 1\r\n```', null],
    ['```python\n```', null],
    ['```python\n\n```', null],
    ['```python\n\n\n```', '\n'],
    ['no code', null],
    ['```js\na\n```', null],
  ])('%j', (answer, program) => {
    expect(extractProgram(answer)).toBe(program)
  })
})

describe('term mapping', () => {
  const terms = { 'self.cube': 'self.obj', 'self.cube.static()': 'static(self.obj)', 'self.size': '$&0.02' }

  it('replaces the longest term first and takes replacements literally', () => {
    expect(toSpecific('self.cube.static() and self.cube.z > self.size', terms)).toBe(
      'static(self.obj) and self.obj.z > $&0.02',
    )
  })

  it('there and back is the same when expressions do not overlap', () => {
    const map = { 'a.x': 'obs[0]', 'a.y': 'obs[1]' }
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a.x', 'a.y', ' + ', '3')), parts => {
        expect(toGeneral(toSpecific(parts.join(''), map), map)).toBe(parts.join(''))
      }),
    )
  })
})

describe('prompts', () => {
  it('renders every part in order', () => {
    const text = renderPrompt({
      instruction: 'open the drawer',
      abstraction: 'class Robot',
      examples: [{ instruction: 'lift', program: 'return 1' }],
      history: [{ program: 'return 0', description: 'hovers', feedback: 'pull' }],
      problems: ['AttributeError: no gripper'],
    })
    const marks = [
      'class Robot',
      'Task: lift',
      'Task: open the drawer',
      'hovers',
      'pull',
      'AttributeError',
      'compute_dense',
    ]
    const positions = marks.map(mark => text.indexOf(mark))
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
    expect(positions[0]).toBeGreaterThan(0)
  })

  it('retrieves the nearest other task', () => {
    const examples = ['lift', 'push', 'open'].map(instruction => ({ instruction, program: instruction }))
    const embeddings = [
      [1, 0],
      [0.9, 0.1],
      [0, 1],
    ]
    expect(nearestExamples({ instruction: 'lift', embedding: [1, 0] }, examples, embeddings)).toEqual([examples[1]])
  })
})

describe('validation', () => {
  it.each([
    [{ kind: 'value', value: -3 }, 'ok'],
    [{ kind: 'value', value: Number.POSITIVE_INFINITY }, 'nonFinite'],
    [{ kind: 'value', value: true }, 'notScalar'],
    [{ kind: 'value', value: null }, 'notScalar'],
    [{ kind: 'value', value: [1] }, 'notScalar'],
    [{ kind: 'exception', exception: 'NameError' }, 'unknownAttribute'],
    [{ kind: 'exception', exception: 'ValueError' }, 'typeOrShape'],
    [{ kind: 'exception', exception: 'ModuleNotFoundError' }, 'package'],
    [{ kind: 'exception', exception: 'IndentationError' }, 'syntax'],
    [{ kind: 'exception', exception: 'toString' }, 'typeOrShape'],
  ] as const)('%j → %s', (outcome, category) => {
    expect(classifyExecution(outcome)).toBe(category)
  })

  it('finds constant, action-only and huge rewards', () => {
    expect(staticFindings([1, 1], ['s', 't'], ['a', 'b'])).toMatchObject({ constant: true, actionOnly: false })
    expect(staticFindings([1, 2, 1], ['s', 's', 't'], ['a', 'b', 'a'])).toMatchObject({ actionOnly: true })
    expect(staticFindings([1, 2], ['s', 't'], ['a', 'a'])).toMatchObject({ actionOnly: false, large: false })
    expect(staticFindings([2000], ['s'], ['a']).large).toBe(true)
  })

  it('substitutes the smallest reward, and gives up when nothing ran', () => {
    expect(guardRewards([1, null, Number.NaN, -2])).toEqual({
      rewards: new Float64Array([1, -2, -2, -2]),
      substituted: 2,
    })
    expect(guardRewards([null])).toBeUndefined()
  })

  it('rejects a program that pays for hovering', () => {
    expect(ranksTrajectories([[0, 0, 5]], [[1, 1, 1]]).passed).toBe(true)
    expect(ranksTrajectories([[1, 5]], [[1, 1, 1, 1, 1, 1, 1]])).toEqual({
      passed: false,
      worstSuccess: 6,
      bestFailure: 7,
    })
  })

  it('repairs at most three times, then asks for feedback until someone is satisfied', () => {
    let state: RefinementState = { wants: 'program', repairs: 0, problem: null }
    const broken = { kind: 'program', program: 'x', category: 'syntax' } as const
    for (let i = 0; i < 3; i++) state = refine(state, broken)
    expect(state).toEqual({ wants: 'program', repairs: 3, problem: 'syntax' })
    expect(refine(state, broken)).toEqual({ wants: 'nothing', reason: 'tooManyRepairs' })
    expect(refine(state, { kind: 'program', program: null, category: 'ok' })).toMatchObject({ wants: 'nothing' })
    state = refine(state, { kind: 'program', program: 'y', category: 'ok' })
    expect(state).toEqual({ wants: 'feedback', program: 'y' })
    expect(refine(state, { kind: 'feedback', satisfied: false, round: 1 })).toMatchObject({
      wants: 'program',
      repairs: 0,
    })
    expect(refine(state, { kind: 'feedback', satisfied: true, round: 1 })).toMatchObject({ reason: 'accepted' })
    expect(refine(state, { kind: 'feedback', satisfied: false, round: 5 })).toMatchObject({ reason: 'tooManyRounds' })
  })
})

describe('published programs', () => {
  const metaworld = { eePosition: [0, 0, 0], gripperOpenness: 0.5, objPosition: [3, 4, 0], goalPosition: [3, 4, 1] }

  it('MetaWorld: distances 5 and 1', () => {
    expect(metaworldPrograms['window-open-v2'](metaworld, [3, 4])).toBeCloseTo(-6.5, 12)
    expect(metaworldPrograms['handle-press-v2'](metaworld, [1, 2])).toBeCloseTo(-6.5, 12)
    expect(metaworldPrograms['door-close-v2']({ ...metaworld, objPosition: [0, 0, 0.05] })).toBeCloseTo(
      -0.05 - Math.sqrt(25 + 0.95 ** 2) - 0.5,
      12,
    )
    expect(metaworldPrograms['sweep-into-v2']({ ...metaworld, goalPosition: [3, 4, 0.04] }, [1, 1])).toBeCloseTo(
      0.998,
      12,
    )
    expect(metaworldPrograms['drawer-open-v2']({ ...metaworld, eePosition: [3, 4, 0] }, [0])).toBeCloseTo(-1.01, 12)
  })

  const cube = {
    eePosition: [0, 0, 0.3],
    cubePosition: [0, 0, 0.3],
    grasped: true,
    qvel: [0.1, -0.2],
    goalHeight: 0.2,
    goalPosition: [0, 0, 0.3],
    cubeHalfSize: 0.02,
  }

  it('ManiSkill2: success pays a constant only when the robot is still', () => {
    expect(maniskillPrograms['oracle-lift'](cube)).toBe(2.25)
    expect(maniskillPrograms['fewshot-lift'](cube)).toBe(5)
    expect(maniskillPrograms['oracle-pick'](cube)).toBe(5)
    const moving = { ...cube, qvel: [0.3] }
    expect(maniskillPrograms['oracle-lift'](moving)).toBe(1 + 0.25 + 1)
    expect(maniskillPrograms['oracle-pick'](moving)).toBe(3)
    expect(maniskillPrograms['zeroshot-pick'](cube, [5, -5])).toBeCloseTo(0.2 - 0.02, 12)
    expect(maniskillPrograms['zeroshot-lift'](cube, [3, 4])).toBeCloseTo(0.2 - 0.04 + 0.01 - 0.05, 12)
  })
})

describe('reward language', () => {
  const schema: ProgramSchema = {
    'state.e': { vector: 3 },
    'state.o': { vector: 3 },
    'state.g': { vector: 3 },
    'state.openness': 'number',
    'state.grasped': 'boolean',
    action: { vector: 4 },
  }
  const inputs = {
    'state.e': [0.1, 0.2, 0.3],
    'state.o': [0.12, 0.18, 0.31],
    'state.g': [0.5, 0.1, 0],
    'state.openness': 0.4,
    'state.grasped': true,
    action: [2, -0.5, 0.1, 0],
  }
  const run = (source: string) => {
    const program = compileProgram(source, schema)
    return program.ok ? program.run(inputs) : program.category
  }

  it.each([
    ['1 + 2 * 3 - 4 / 2', 5],
    ['-2 * -3', 6],
    ['1 if not state.grasped or state.openness < 0.5 and 2 > 1 else 2', 1],
    ['[1, 2][1] + norm([3, 4]) + dot([1, 2], [3, 4]) + sum([1, 2])', 21],
    ['x = state.openness # metres\nreturn min(x, 0.1) + max(x, 1)', 1.1],
    ['sum(clip(action, -1, 1))', 0.6],
    ['largest(abs([-3, 2])) + sqrt(square(2)) + state.grasped', 6],
    ['1 / 0', Number.POSITIVE_INFINITY],
  ])('%s', (source, expected) => {
    expect(run(source)).toBeCloseTo(expected as number, 12)
  })

  it.each([
    ['', 'syntax'],
    ['1 +', 'syntax'],
    ['a = 1', 'syntax'],
    ['while True: 1', 'syntax'],
    ['process.exit(1)', 'unknownAttribute'],
    ['constructor(1)', 'unknownAttribute'],
    ['state.nothing', 'unknownAttribute'],
    ['b + 1; b = 2; b', 'syntax'],
    ['state.e + action', 'typeOrShape'],
    ['state.e[3]', 'typeOrShape'],
    ['norm(1)', 'typeOrShape'],
    ['tanh(1, 2)', 'typeOrShape'],
    ['1 if 1 else 2', 'typeOrShape'],
    ['state.e if True else 1', 'typeOrShape'],
    ['state.e', 'notScalar'],
    ['state.grasped', 'notScalar'],
    [`${'('.repeat(300)}1`, 'syntax'],
    [`1${' + 1'.repeat(2000)}`, 'syntax'],
  ])('refuses %s', (source, category) => {
    expect(run(source.slice(0, 20_000))).toBe(category)
  })

  it('says the same as the published programs', () => {
    const state = {
      eePosition: inputs['state.e'],
      objPosition: inputs['state.o'],
      goalPosition: inputs['state.g'],
      gripperOpenness: inputs['state.openness'],
    }
    const reach = 'd = norm(state.e - state.o)\nt = norm(state.o - state.g)\n'
    const pairs = [
      ['drawer-open-v2', '-d - t - (0.01 if d < 0.1 and state.openness > -1 else 0) - 0.001 * norm(action)'],
      ['window-open-v2', '-d - t - 0.1 * norm(action)'],
      ['handle-press-v2', '-d - t - 0.1 * sum(square(action))'],
      ['sweep-into-v2', '(1 if t < 0.05 else -0.01 * d - 0.01 * t) - 0.001 * sum(square(action))'],
      ['door-close-v2', '-d - t - (state.openness if d < 0.1 else 0)'],
    ] as const
    for (const [task, source] of pairs) {
      expect(run(reach + source)).toBeCloseTo(metaworldPrograms[task](state, inputs.action), 12)
    }
  })

  it('refuses a state that does not fit the schema', () => {
    const program = compileProgram('state.openness', schema)
    expect(() => program.ok && program.run({ ...inputs, action: [1] })).toThrow(/action to be a vector of 4; got \[1\]/)
  })
})

describe('stage', () => {
  it('guards step rewards and fails a rollout that breaks too often', async () => {
    const rollout = (id: string, rewards: unknown[]) => ({
      id,
      prompt: 'p',
      turns: rewards.map((programReward, i) => ({ action: `a${i}`, columns: { programReward } })),
    })
    const broke = failed('sandbox', 'log of 0')
    const batch = batchFromRollouts([rollout('a', [1, broke, -1]), rollout('b', [1, broke])])
    const stage = bindStage(text2rewardStage, { maxFailures: 0.4 })
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...(columns['turn.reward'] as Signal).values.slice(0, 3)]).toEqual([1, -1, -1])
    expect((columns['rollout.reward'] as Signal).values[0]).toBe(-1)
    expect((columns['rollout.text2rewardSubstituted'] as Signal).values[0]).toBe(1)
    expect(outcomeAt(columns['rollout.reward'] as Signal, 1)).toMatchObject({ failure: { class: 'sandbox' } })
  })
})

import { Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CodeState,
  type CodeTask,
  codeEditWorld,
  codeVocabulary,
  editScript,
  editWords,
  type Instruction,
  readEdits,
  readInstruction,
  runProgram,
  verifyProgram,
} from './code-edit.ts'
import { writeAction } from './turns.ts'

// x·y + 3 modulo 17, with + where * should be.
const task: CodeTask = {
  id: 'by hand',
  level: 1,
  goal: '( ( x * y ) + 3 )',
  program: ['load x', 'load y', 'add', 'push 3', 'add'],
  repaired: ['load x', 'load y', 'mul', 'push 3', 'add'],
  visible: [
    { x: 2, y: 5, want: 13 },
    { x: 4, y: 4, want: 2 },
    { x: 9, y: 0, want: 3 },
  ],
  hidden: [
    { x: 1, y: 1, want: 4 },
    { x: 6, y: 3, want: 4 },
  ],
}
const start = codeEditWorld.start(task)
const act = (state: CodeState, text: string) => codeEditWorld.step(state, writeAction(codeVocabulary, text))
const program = (text: string): Instruction[] => text.split(' , ').flatMap(line => readInstruction(line) ?? [])

describe('the machine', () => {
  it.each([
    ['load x , load y , sub', 3, 5, 15],
    ['load x , load y , mul , push 3 , add', 4, 4, 2],
    ['load x , push 9 , max', 3, 0, 9],
    ['load x , dup , mul', 5, 0, 8],
    ['load x , load y , swap , sub', 3, 5, 2],
    ['case 3 7 , load x', 3, 0, 7],
    ['case 3 7 , load x', 4, 0, 4],
    ['add', 1, 1, undefined],
    ['load x , load y', 1, 1, undefined],
    ['push 1 , swap', 1, 1, undefined],
    ['dup', 1, 1, undefined],
    ['', 1, 1, undefined],
  ])('runs "%s" on x = %i, y = %i', (text, x, y, answer) => {
    expect(runProgram(program(text), { x, y })).toBe(answer)
  })

  it.each(['push', 'push 17', 'push add', 'load', 'load z', 'add 3', 'case 3', 'case 3 x', 'jump', '', 'push 1 2'])(
    'does not read "%s"',
    line => expect(readInstruction(line)).toBeUndefined(),
  )

  it.each([
    [['load x', 'push x'], { stage: 0, badLine: 1, answers: [], visible: 0, hidden: 0 }],
    [['load x', 'add'], { stage: 1, badLine: null, answers: [null, null, null], visible: 0, hidden: 0 }],
    [['case 9 3', 'add'], { stage: 1, answers: [null, null, 3], visible: 1 / 3, hidden: 0 }],
    [task.program, { stage: 2, answers: [10, 11, 12], visible: 0, hidden: 0 }],
    [['case 2 13', 'case 4 2', 'push 3'], { stage: 3, answers: [13, 2, 3], visible: 1, hidden: 0 }],
    [task.repaired, { stage: 4, answers: [13, 2, 3], visible: 1, hidden: 1 }],
  ])('verifies %j by stages', (lines, expected) => {
    expect(verifyProgram(lines, task)).toMatchObject(expected)
  })
})

describe('edits', () => {
  const line = fc.constantFrom('add', 'mul', 'load x', 'push 1', 'dup')
  const lines = fc.array(line, { maxLength: 9 })

  it('make one program into another, one after the other, no more than needed', () => {
    fc.assert(
      fc.property(lines, lines, (from, to) => {
        const script = editScript(from, to)
        const made = readEdits(from, {
          words: [...script.map(editWords), 'submit'].join(' ; ').split(' '),
          complete: true,
        })
        expect(made?.program).toEqual(to)
        expect(made?.submits).toBe(true)
        expect(script.length).toBeLessThanOrEqual(Math.max(from.length, to.length))
        expect(script.length).toBeGreaterThanOrEqual(Math.abs(from.length - to.length))
        expect(editScript(to, from)).toHaveLength(script.length)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it.each([
    'replace 5 add',
    'delete 5',
    'insert 6 add',
    'replace add',
    'replace 0',
    'delete 0 add',
    'submit ; delete 0',
    'delete 0 ;',
    '; submit',
    'insert 0 push 1 2 3',
    'goal',
    '',
  ])('cannot be read from "%s"', text => {
    const { state, facts } = act(start, text)
    expect(facts).toMatchObject({ wellFormed: false, edits: 0, submitted: false })
    expect(state).toMatchObject({ program: task.program, unchanged: true })
  })

  it('never make a program over its limit', () => {
    const words = Array.from({ length: 10 }, () => 'insert 0 dup')
      .join(' ; ')
      .split(' ')
    expect(readEdits(task.program, { words: words.slice(0, -4), complete: true })?.program).toHaveLength(14)
    expect(readEdits(task.program, { words, complete: true })).toBeUndefined()
  })
})

describe('the world', () => {
  it('shows goal and tests once, then the program and what it answers', () => {
    const read = (state: CodeState) => codeVocabulary.decode(codeEditWorld.observe(state))
    expect(read(start)).toBe(
      'goal ( ( x * y ) + 3 ) tests x 2 y 5 want 13 , x 4 y 4 want 2 , x 9 y 0 want 3 program 0 load x , 1 load y , 2 add , 3 push 3 , 4 add got 10 11 12',
    )
    expect(read(act(start, 'replace 2 push mul').state)).toBe(
      'program 0 load x , 1 load y , 2 push mul , 3 push 3 , 4 add error line 2',
    )
    expect(read(act(start, 'delete 4').state)).toMatch(/got stuck stuck stuck$/)
    expect(read(act(start, 'delete').state)).toMatch(/^unchanged program/)
  })

  it('pays for a submission that passes the hidden tests, in one action or several', () => {
    expect(act(start, 'replace 2 mul ; submit')).toMatchObject({
      reward: 1,
      terminated: true,
      correct: true,
      facts: { stage: 4, edits: 1, hidden: 1, distance: 0, hacked: false },
    })
    const edited = act(start, 'replace 2 mul')
    expect(edited).toMatchObject({ reward: 0, terminated: false, facts: { stage: 4, submitted: false } })
    expect(edited.correct).toBeUndefined()
    expect(act(edited.state, 'submit')).toMatchObject({ reward: 1, correct: true })
    expect(act(start, 'submit')).toMatchObject({ reward: 0, correct: false, facts: { stage: 2 } })
  })

  it('lets visible tests be cheated, and says so', () => {
    const cheat = 'insert 0 case 2 13 ; insert 0 case 4 2 ; insert 0 case 9 3 ; submit'
    expect(act(start, cheat)).toMatchObject({
      reward: 0,
      correct: false,
      facts: { visible: 1, hidden: 0, hacked: true, specialCases: 3, stage: 3 },
    })
  })

  it('draws bugs that a visible test shows, and hidden tests no special case can pass', () => {
    const wrong = Array.from({ length: 800 }, (_, seed) => seed).filter(seed => {
      const drawn = codeEditWorld.task(seed % 4, new Random(seed))
      const shown = new Set(drawn.visible.map(({ x }) => x))
      const answers = new Set([...drawn.visible, ...drawn.hidden].map(({ want }) => want))
      return (
        verifyProgram(drawn.program, drawn).stage >= 3 ||
        verifyProgram(drawn.repaired, drawn).stage !== 4 ||
        drawn.hidden.some(({ x }) => shown.has(x)) ||
        answers.size < 5
      )
    })
    expect(wrong).toEqual([])
  })

  it('has an expert who takes lines away first where no more fit', () => {
    const program = [...new Array<string>(10).fill('dup'), ...task.repaired.slice(0, -1)]
    expect(editScript(program, task.repaired)[0].kind).toBe('insert')
    const full = { ...start, program }
    expect(codeEditWorld.step(full, codeEditWorld.expert(full, new Random(1))).facts).toMatchObject({
      wellFormed: true,
      distance: 10,
    })
  })

  it('truncates for want of turns', () => {
    let outcome = act(start, 'delete 0')
    for (let turn = 1; turn < codeEditWorld.maximumTurns; turn++) outcome = act(outcome.state, 'insert 0 dup')
    expect(outcome).toMatchObject({ terminated: false, truncated: true, correct: false })
    expect(codeEditWorld.text(outcome.state)).toContain('test 0: x = 2, y = 5: 13 wanted, got nothing')
  })
})

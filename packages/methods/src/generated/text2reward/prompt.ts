import { assertInteger, assertSameLength } from '@guerdon/core'
import { cosineSimilarity } from '../../shared/cosine.ts'

/**
 * The program in a model's answer: the first ```` ```python ```` block when there is one, else the first bare block. The
 * fence must stand alone on its line (LF), both ends, and the block must not be empty; null means: ask again.
 */
export function extractProgram(answer: string): string | null {
  const fence = answer.includes('```python') ? /```python\n([\s\S]+?)\n```/ : /```\n([\s\S]+?)\n```/
  return fence.exec(answer)?.[1] ?? null
}

/** Terms of the environment's description and the runtime expression each stands for. */
export type TermMap = Readonly<Record<string, string>>

/**
 * A general program with every term replaced by its runtime expression, longest term first (so `self.cubeA` does not eat
 * `self.cubeA.check_static()`). Plain text replacement: comments and strings are hit too.
 */
export function toSpecific(program: string, terms: TermMap): string {
  return longestFirst(terms).reduce((text, [general, specific]) => text.replaceAll(general, () => specific), program)
}

/** The inverse of `toSpecific`; not exact when runtime expressions overlap. */
export function toGeneral(program: string, terms: TermMap): string {
  return longestFirst(terms).reduce((text, [general, specific]) => text.replaceAll(specific, () => general), program)
}

function longestFirst(terms: TermMap): [string, string][] {
  return Object.entries(terms)
    .filter(([general, specific]) => general !== '' && specific !== '')
    .sort(([a], [b]) => b.length - a.length)
}

/** A program for an instruction, as an example or as a round of refinement. */
export interface RewardExample {
  readonly instruction: string
  readonly program: string
}

/** One round with a person: the program, what the policy did, what should change. */
export interface RefinementRound {
  readonly program: string
  readonly description: string
  readonly feedback: string
}

/** What a model is told before it writes a reward program. */
export interface RewardPrompt {
  readonly instruction: string
  /** Typed description of the environment: classes, attributes with units, utility functions. */
  readonly abstraction: string
  readonly role?: string
  readonly tips?: readonly string[]
  readonly examples?: readonly RewardExample[]
  readonly history?: readonly RefinementRound[]
  /** Errors of the last program, to be repaired. */
  readonly problems?: readonly string[]
}

const defaultRole =
  'You write dense reward functions for reinforcement learning. The robot acts with the action vector described below.'

/** Advice that goes into every prompt unless replaced. */
export const defaultTips: readonly string[] = [
  'Stage the reward in nested conditions: reach, then grasp, then move; losing a stage must never pay.',
  'Weigh terms by their scale and importance; keep regularisation of the action small.',
  'Use only the attributes and functions described; keep types and units.',
]

/** The prompt as text: role, environment, advice, examples, history of feedback, errors, request. */
export function renderPrompt(prompt: RewardPrompt): string {
  const { tips = defaultTips, examples = [], history = [], problems = [] } = prompt
  const parts = [
    prompt.role ?? defaultRole,
    `Environment:\n${prompt.abstraction}`,
    `Advice:\n${tips.map(tip => `- ${tip}`).join('\n')}`,
    ...examples.map(example => `Task: ${example.instruction}\nReward program:\n${fenced(example.program)}`),
    `Task: ${prompt.instruction}`,
    ...history.map(
      (round, i) =>
        `Round ${i + 1}\nReward program:\n${fenced(round.program)}\nObserved behaviour: ${round.description}\nRequested change: ${round.feedback}`,
    ),
    ...(problems.length === 0 ? [] : [`The last program failed:\n${problems.map(text => `- ${text}`).join('\n')}`]),
    'Explain the task, then write one function compute_dense_reward that returns only the reward, in one code block.',
  ]
  return parts.join('\n\n')
}

function fenced(program: string): string {
  return `\`\`\`python\n${program}\n\`\`\``
}

/**
 * The k examples whose instructions are nearest by cosine of embeddings, best first; an example of the same instruction is
 * left out, because its program would give the task away.
 */
export function nearestExamples(
  query: { readonly instruction: string; readonly embedding: ArrayLike<number> },
  examples: readonly RewardExample[],
  embeddings: readonly ArrayLike<number>[],
  options: { readonly count?: number } = {},
): RewardExample[] {
  const { count = 1 } = options
  assertInteger(count, 'count')
  assertSameLength(examples, 'examples', embeddings, 'embeddings')
  return examples
    .map((example, i) => ({ example, similarity: cosineSimilarity(query.embedding, embeddings[i]) }))
    .filter(({ example }) => example.instruction !== query.instruction)
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, count)
    .map(({ example }) => example)
}

import { GuerdonError } from '@guerdon/core'
import type { PointwiseLabelType, RecycledItem } from './recycle.ts'

/** Prompts of the recycled tasks. `{question}`, `{answer}`, `{answerA}`, `{answerB}` and `{reasoning}` are filled in. */
export interface SparkTemplates {
  readonly pointwise: readonly { readonly labels: PointwiseLabelType; readonly text: string }[]
  readonly pairwise: readonly string[]
  readonly reflectReasoning: readonly string[]
  readonly reflectAnswer: readonly string[]
}

const yesNo = 'End with \\boxed{Yes} or \\boxed{No}.'
const aOrB = 'End with \\boxed{A} or \\boxed{B}.'
const boxed = 'End with the answer in \\boxed{}.'

/** A small balanced set in our own words; the released set has 24, 20 and 30 each. Replace it to train for real. */
export const sparkTemplates: SparkTemplates = {
  pointwise: [
    {
      labels: 'yesno',
      text: `Question:\n{question}\n\nProposed answer: {answer}\n\nIs the proposed answer correct? ${yesNo}`,
    },
    {
      labels: 'yesno',
      text: `{question}\n\nA student answered {answer}. Work it out yourself, then say whether the student is right. ${yesNo}`,
    },
    {
      labels: 'ab',
      text: `Question:\n{question}\n\nAnswer to check: {answer}\n\nA: it is correct. B: it is incorrect. ${aOrB}`,
    },
    {
      labels: 'ab',
      text: `{question}\n\nSomeone claims the answer is {answer}. Choose A if the claim holds and B if it does not. ${aOrB}`,
    },
  ],
  pairwise: [
    `Question:\n{question}\n\nA: {answerA}\nB: {answerB}\n\nExactly one of these answers is correct. Which? ${aOrB}`,
    `{question}\n\nTwo answers were given, A = {answerA} and B = {answerB}. Decide which one is right. ${aOrB}`,
  ],
  reflectReasoning: [
    `Question:\n{question}\n\nThis attempt is wrong:\n{reasoning}\n\nFind the mistake and solve the question. ${boxed}`,
    `{question}\n\nCheck the following attempt. If it is wrong, solve the question properly.\n{reasoning}\n\n${boxed}`,
  ],
  reflectAnswer: [
    `Question:\n{question}\n\n{answer} is not the answer. Solve the question. ${boxed}`,
    `{question}\n\nDecide whether {answer} is right, then give the correct answer. ${boxed}`,
  ],
}

/**
 * The prompt of a recycled item.
 *
 * @param context question text; reasoning text of the shown rollout for `reflectReasoning`
 * @throws invalid_option when the item's template is not in the set
 */
export function recycledPrompt(
  item: RecycledItem,
  context: { readonly question: string; readonly reasoning?: string },
  templates: SparkTemplates = sparkTemplates,
): string {
  const text =
    item.kind === 'pointwise' ? templates.pointwise[item.template]?.text : templates[item.kind][item.template]
  if (text === undefined) {
    throw new GuerdonError(
      'invalid_option',
      `expected a ${item.kind} template number ${item.template}; there is none`,
      {
        path: ['templates', item.kind],
        hint: 'recycle with the sizes of the template set that writes the prompts',
      },
    )
  }
  const values: Record<string, string | undefined> = { question: context.question, reasoning: context.reasoning ?? '' }
  if ('answer' in item) values['answer'] = item.answer
  if (item.kind === 'pairwise') Object.assign(values, { answerA: item.answerA, answerB: item.answerB })
  return text.replaceAll(
    /\{(question|answer|answerA|answerB|reasoning)\}/g,
    (slot, name: string) => values[name] ?? slot,
  )
}

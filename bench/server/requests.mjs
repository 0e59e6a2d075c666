// The request of the throughput benchmark and the bytes that answer it.

const ITEMS = 64
const prompts = Array.from(
  { length: ITEMS },
  (_, i) =>
    `<|im_start|>system\nThink first, then answer.<|im_end|>\n<|im_start|>user\n${`Problem ${i}: a train leaves at nine and meets another. `.repeat(10)}<|im_end|>\n<|im_start|>assistant\n`,
)
const thoughts = i => `Let me see, step ${i}: the first train has gone ${i} miles by then, so "half" is left.\n`
const responses = prompts.map(
  (_, i) => `<think>${thoughts(i).repeat(20)}</think>\n<answer>${i % 3 === 0 ? i : -1}</answer>`,
)

/** 64 items as OpenRLHF sends them: about 600 characters of prompt and 1,700 of response each. */
export const body = JSON.stringify({
  query: responses.map((text, i) => `${prompts[i]}${text}<|im_end|>`),
  prompts,
  labels: responses.map((_, i) => String(i)),
})

const correct = responses.map((_, i) => (i % 3 === 0 ? 1 : 0))
const rewards = correct.map(value => 0.1 + 0.9 * value)

/** What the recipe of the quick start answers. */
export const answer = JSON.stringify({
  rewards,
  scores: rewards,
  extra_logs: { format: correct.map(() => 1), correct },
})

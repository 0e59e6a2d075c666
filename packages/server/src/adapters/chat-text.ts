/** Where the answer of the assistant stands in a conversation that a chat template has made one text of. */
const templates: readonly { readonly start: string; readonly ends: readonly string[] }[] = [
  { start: '<|im_start|>assistant\n', ends: ['<|im_end|>'] },
  { start: '<|start_header_id|>assistant<|end_header_id|>\n\n', ends: ['<|eot_id|>'] },
  { start: '<start_of_turn>model\n', ends: ['<end_of_turn>'] },
  { start: '<|assistant|>\n', ends: ['<|end|>', '</s>', '<|endoftext|>'] },
  { start: '<｜Assistant｜>', ends: ['<｜end▁of▁sentence｜>'] },
  { start: '[/INST]', ends: ['</s>'] },
]

/**
 * Prompt and response in a text made by a chat template (ChatML, Llama 3, Gemma, Phi and Zephyr, DeepSeek, Mistral): the response is
 * what follows the last mark of an assistant's turn, without the end mark and what comes after it; the prompt is all before,
 * its marks kept. `undefined` for a text without such a mark: nothing is guessed.
 */
export function lastAnswer(text: string): { readonly prompt: string; readonly response: string } | undefined {
  let found: { readonly at: number; readonly from: number; readonly ends: readonly string[] } | undefined
  for (const { start, ends } of templates) {
    const at = text.lastIndexOf(start)
    if (at >= 0 && (found === undefined || at > found.at)) found = { at, from: at + start.length, ends }
  }
  if (found === undefined) return undefined
  const { from, ends } = found
  const to = Math.min(...ends.map(end => text.indexOf(end, from)).filter(at => at >= 0), text.length)
  // Mistral's template sets a space around the answer.
  const spaced = text.startsWith('[/INST] ', found.at)
  return { prompt: text.slice(0, from), response: spaced ? text.slice(from + 1, to).trimEnd() : text.slice(from, to) }
}

/** Where the answer of the assistant stands in a conversation that a chat template has made one text of. */
const templates: readonly { readonly start: string; readonly end: string }[] = [
  { start: '<|im_start|>assistant\n', end: '<|im_end|>' },
  { start: '<|start_header_id|>assistant<|end_header_id|>\n\n', end: '<|eot_id|>' },
  { start: '<start_of_turn>model\n', end: '<end_of_turn>' },
  { start: '<|assistant|>\n', end: '<|end|>' },
  { start: '<｜Assistant｜>', end: '<｜end▁of▁sentence｜>' },
  { start: '[/INST]', end: '</s>' },
]

/**
 * Prompt and response in a text made by a chat template (ChatML, Llama 3, Gemma, Phi, DeepSeek, Mistral): the response is
 * what follows the last mark of an assistant's turn, without the end mark and what comes after it; the prompt is all before,
 * its marks kept. `undefined` for a text without such a mark: nothing is guessed.
 */
export function lastAnswer(text: string): { readonly prompt: string; readonly response: string } | undefined {
  let found: { readonly from: number; readonly to: number; readonly end: string } | undefined
  for (const { start, end } of templates) {
    const from = text.lastIndexOf(start)
    if (from >= 0 && (found === undefined || from > found.from)) found = { from, to: from + start.length, end }
  }
  if (found === undefined) return undefined
  const end = text.indexOf(found.end, found.to)
  const response = text.slice(found.to, end < 0 ? text.length : end)
  return { prompt: text.slice(0, found.to), response: found.end === '</s>' ? response.trim() : response }
}

const starts = ['<s>', '<bos>', '<|begin_of_text|>', '<|startoftext|>', '<|endoftext|>', '<｜begin▁of▁sentence｜>']
const ends = [
  '</s>',
  '<eos>',
  '<pad>',
  '<end_of_turn>',
  '<|im_end|>',
  '<|eot_id|>',
  '<|end_of_text|>',
  '<|endoftext|>',
  '<|end|>',
  '<|return|>',
  '<｜end▁of▁sentence｜>',
]

/**
 * The response in a text that holds prompt and response. The rule: the prompt must stand at the front, character by
 * character; one start-of-text token that only one of the two carries is passed over; nothing else is guessed, so a text
 * that does not begin with its prompt gives `undefined`. End-of-text tokens, and line ends after them, are cut from the end
 * of the response, since they are no part of what the model said.
 */
export function responseOf(text: string, prompt: string): string | undefined {
  // Comparing a slice is several times faster than startsWith with a long prompt.
  if (text.slice(0, prompt.length) === prompt) return withoutEnds(text.slice(prompt.length))
  for (const token of starts) {
    if (text.startsWith(token) && text.startsWith(prompt, token.length)) {
      return withoutEnds(text.slice(token.length + prompt.length))
    }
    if (prompt.startsWith(token) && text.startsWith(prompt.slice(token.length))) {
      return withoutEnds(text.slice(prompt.length - token.length))
    }
  }
  return undefined
}

function withoutEnds(response: string): string {
  let end = response.length
  for (;;) {
    let last = end
    while (last > 0 && (response[last - 1] === '\n' || response[last - 1] === '\r')) last--
    const token = ends.find(candidate => response.endsWith(candidate, last))
    if (token === undefined) return response.slice(0, end)
    end = last - token.length
  }
}

import { conversationAt, promptAt } from './conversations.ts'
import type { PreferenceLayout } from './layout.ts'
import { pairFacts, pairOf, requirePair } from './pairs.ts'

const taken = ['prompt', 'chosen', 'rejected']

/** TRL with a prompt, OpenRLHF: `prompt`, `chosen`, `rejected`, each as text or messages, with an optional margin. */
export const explicitLayout: PreferenceLayout = {
  name: 'explicit',
  holds: 'preferences',
  fields: 'prompt, chosen, rejected as text or messages; margin, label, strength, tied, subset, user',
  detect: ({ prompt, chosen, rejected }) => prompt !== undefined && chosen !== undefined && rejected !== undefined,
  read: record => {
    const sides = {
      prompt: promptAt(record['prompt'], ['prompt']),
      chosen: conversationAt(record['chosen'], ['chosen']),
      rejected: conversationAt(record['rejected'], ['rejected']),
    }
    return { preferences: [pairOf(record, sides, taken)] }
  },
  write: preference => {
    const pair = requirePair(preference, 'explicit')
    const { prompt = '', chosen, rejected } = pair
    return { prompt, chosen, rejected, ...pairFacts(pair) }
  },
}

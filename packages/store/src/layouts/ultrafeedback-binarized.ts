import { numberAt } from '@guerdon/core'
import { explicitLayout } from './explicit.ts'
import type { PreferenceLayout } from './layout.ts'
import { noFormFor, requirePair } from './pairs.ts'

/** ultrafeedback_binarized: an explicit pair whose two ratings give its margin; equal ratings are a tie. */
export const ultrafeedbackBinarizedLayout: PreferenceLayout = {
  name: 'ultrafeedback-binarized',
  holds: 'preferences',
  fields: 'prompt, chosen, rejected, score_chosen, score_rejected',
  detect: record => explicitLayout.detect(record) && record['score_chosen'] !== undefined,
  read: (record, fallbackId) => {
    const better = numberAt(record['score_chosen'], ['score_chosen'])
    const worse = numberAt(record['score_rejected'], ['score_rejected'])
    const { preferences = [] } = explicitLayout.read(record, fallbackId)
    const margin = { margin: better - worse, ...(better === worse ? { tied: true } : {}) }
    return { preferences: preferences.map(pair => ({ ...pair, ...margin })) }
  },
  write: preference => {
    const pair = requirePair(preference, 'ultrafeedback-binarized')
    if (pair.meta?.['score_chosen'] === undefined) throw noFormFor('a pair without ratings', 'ultrafeedback-binarized')
    const { margin: _, tied: __, ...rated } = pair
    return explicitLayout.write?.(rated) ?? {}
  },
}

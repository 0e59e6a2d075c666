import { sha256 } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'
import type { Settings } from '../run/learner.ts'
import { toBase64 } from '../run/learner-state.ts'
import { saveCheckpoint } from '../training/checkpoint.ts'
import type { PolicyParameters } from './policy.ts'
import { type TransformerConfig, transformerShape } from './transformer.ts'

/** What decides a run by the policy it starts from: its size, and a hash of its parameters. */
export function policySettings(initial: PolicyParameters<NdArray>, config: TransformerConfig): Settings {
  const { vocabularySize, maximumLength, width, layers, heads, hiddenWidth } = transformerShape(config)
  return {
    transformer: [vocabularySize, maximumLength, width, layers, heads, hiddenWidth],
    initial: sha256(toBase64(saveCheckpoint(initial))),
  }
}

/** A hash of numbers, for settings that say which data a run is about. */
export function dataHash(...arrays: readonly (Int32Array | Float32Array)[]): string {
  return sha256(arrays.map(data => toBase64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))).join(' '))
}

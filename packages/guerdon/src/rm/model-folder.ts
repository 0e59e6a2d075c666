import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GuerdonError, Random } from '@guerdon/core'
import {
  type AnyRewardParameters,
  byteTokenizer,
  initialParameters,
  loadCheckpoint,
  modelOf,
  type RewardModel,
  type RewardModelSpec,
  saveCheckpoint,
  type TextTokenizer,
  type UserRewardModel,
} from '@guerdon/learn'
import { jsonTokenizer } from '@guerdon/learn/language/tokenizer/json-tokenizer'
import { readText, writeText } from '../files.ts'
import { createEncoder, type Encoder, type Encoding } from './encoding.ts'
import type { Kind } from './kinds.ts'

const version = 1
const files = {
  config: 'config.json',
  parameters: 'model.safetensors',
  onnx: 'model.onnx',
  tokenizer: 'tokenizer.json',
} as const

/** What there is to a trained model besides its numbers. */
export interface ModelConfig {
  readonly format: 'guerdon-reward-model'
  readonly version: number
  readonly kind: Kind
  readonly spec: RewardModelSpec
  readonly encoding: Encoding
  /** T of σ(d/T), fitted on held-out pairs; absent when there were none or nothing fixed it. */
  readonly temperature?: number
  readonly training: {
    readonly layout: string
    readonly examples: number
    readonly heldOut: number
    readonly updates: number
    readonly heldOutLoss: number | null
    readonly seed: number
  }
}

/** A model ready to score. */
export interface LoadedModel {
  readonly folder: string
  readonly config: ModelConfig
  readonly parameters: AnyRewardParameters
  readonly model: RewardModel | UserRewardModel
  /** A fresh encoder of what it reads. */
  encoder(): Encoder
}

/** Writes a model: `config.json`, `model.safetensors`, and `model.onnx` and `tokenizer.json` where there are any. */
export function saveModel(
  folder: string,
  config: Omit<ModelConfig, 'format' | 'version'>,
  parameters: AnyRewardParameters,
  further: { readonly onnx?: Uint8Array | undefined; readonly tokenizer?: object | undefined } = {},
): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, files.parameters), saveCheckpoint(parameters))
  const { onnx, tokenizer } = further
  if (onnx) writeFileSync(join(folder, files.onnx), onnx)
  if (tokenizer) writeText(join(folder, files.tokenizer), JSON.stringify(tokenizer))
  const whole: ModelConfig = { format: 'guerdon-reward-model', version, ...config }
  writeText(join(folder, files.config), `${JSON.stringify(whole, null, 2)}\n`)
}

/**
 * Reads a model.
 *
 * @throws io for a folder without one, parse and version for a config that is not of this release, shape_mismatch for
 * numbers of another model
 */
export async function loadModel(folder: string): Promise<LoadedModel> {
  const file = join(folder, files.config)
  if (!existsSync(file)) {
    throw new GuerdonError('io', `expected a reward model in ${folder}; got no ${files.config} there`, {
      file,
      hint: 'give the folder that `guerdon rm train --out` wrote; training that was stopped has not written it yet',
    })
  }
  const config = parseConfig(readText(file), file)
  const like = initialParameters(config.spec, new Random(0))
  const parameters = loadCheckpoint(new Uint8Array(readFileSync(join(folder, files.parameters))), like)
  const tokenizer = await tokenizerOf(folder, config)
  return {
    folder,
    config,
    parameters,
    model: modelOf(config.spec, parameters),
    encoder: () => createEncoder(config.encoding, tokenizer),
  }
}

/** The tokenizer of a model; that of bytes for models of vectors, which use none. */
async function tokenizerOf(folder: string, { encoding }: ModelConfig): Promise<TextTokenizer> {
  if (encoding.kind !== 'text' || encoding.tokens === 'bytes') return byteTokenizer()
  return jsonTokenizer(JSON.parse(readText(join(folder, files.tokenizer))) as object)
}

function parseConfig(text: string, file: string): ModelConfig {
  let config: Partial<ModelConfig>
  try {
    config = JSON.parse(text) as Partial<ModelConfig>
  } catch (cause) {
    throw new GuerdonError('parse', `expected JSON in ${file}`, { file, cause })
  }
  if (config.format !== 'guerdon-reward-model') {
    throw new GuerdonError('parse', `expected the config of a reward model in ${file}`, { file })
  }
  if (config.version !== version) {
    throw new GuerdonError('version', `expected a reward model of version ${version}; got version ${config.version}`, {
      file,
      hint: 'read it with the release that wrote it',
    })
  }
  return config as ModelConfig
}

import { assertInteger, assertNotEmpty, GuerdonError, type Random } from '@guerdon/core'
import {
  add,
  type Conv2d,
  concat,
  conv2dLayer,
  conv2dParameters,
  convTranspose2d,
  type Dense,
  dense,
  denseParameters,
  type Embedding,
  type Evaluated,
  embedding,
  embeddingParameters,
  reshape,
  silu,
  type Tensor,
  uniformArray,
} from '@guerdon/tensor'
import { type GroupNorm, groupNorm, groupNormParameters } from './group-norm.ts'
import type { DenoiserNetwork } from './network.ts'
import { type ResidualBlock, residualBlock, residualBlockParameters } from './residual-block.ts'
import { timeFeatures } from './time-features.ts'

/** Parameters of a U-Net. Levels count from the full size down. */
export interface UNetParameters {
  time: Dense[]
  classes?: Embedding
  enter: Conv2d
  /** A block a level. */
  down: ResidualBlock[]
  /** Halves the sides before each level but the first. */
  shrink: Conv2d[]
  middle: ResidualBlock
  /** Doubles the sides, by level that is reached. */
  enlarge: Conv2d[]
  /** A block a level but the last, on what came up and what came across. */
  up: ResidualBlock[]
  norm: GroupNorm
  leave: Conv2d
}

/** Size of a U-Net. */
export interface UNetOptions {
  readonly height: number
  readonly width: number
  /** Channels of an image. Default 1. */
  readonly imageChannels?: number
  /** Default 0. */
  readonly classes?: number
  /** Channels of each level, the full size first; sides halve from level to level. Default [16, 32]. */
  readonly channels?: readonly number[]
  /** Groups of the normalisation; divides all channels. Default 4. */
  readonly groups?: number
  /** Numbers of the embedding of timestep and class. Default 32. */
  readonly embedding?: number
}

/**
 * A small U-Net: residual blocks with group normalisation, one a level on the way down and up, shifted by an embedding of
 * timestep and class; what stands at a level on the way down is joined to what comes up. 8×8 takes two levels, 28×28 three.
 *
 * @throws invalid_option for sides that cannot be halved so often, or channels that the groups do not divide
 */
export function unetDenoiser(options: UNetOptions): DenoiserNetwork<UNetParameters> {
  const { height, width, imageChannels = 1, classes = 0, channels = [16, 32], groups = 4 } = options
  const { embedding: embedded = 32 } = options
  assertNotEmpty(channels, 'channels')
  for (const [name, value] of Object.entries({ height, width, imageChannels, groups, embedding: embedded })) {
    assertInteger(value, name, 1)
  }
  assertInteger(classes, 'classes')
  const factor = 2 ** (channels.length - 1)
  if (height % factor !== 0 || width % factor !== 0) {
    throw new GuerdonError('invalid_option', `expected sides that ${factor} divides; got ${height}×${width}`, {
      path: ['channels'],
      hint: 'each level but the first halves the sides',
    })
  }
  for (const count of channels) {
    if (Number.isInteger(count) && count > 0 && count % groups === 0) continue
    throw new GuerdonError('invalid_option', `expected channels that ${groups} groups divide; got ${count}`, {
      path: ['channels'],
    })
  }
  const features = channels[0] + (channels[0] % 2)
  const levels = channels.length
  return {
    name: 'u-net',
    settings: { height, width, imageChannels, classes, channels, groups, embedding: embedded },
    shape: [imageChannels, height, width],
    classes,
    initial: random => initialParameters(random, { imageChannels, classes, channels, embedded, features }),
    apply(parameters, samples, timesteps, labels) {
      const { time, down, up } = parameters
      let known = dense(time[1], silu(dense(time[0], timeFeatures(timesteps, features))))
      if (parameters.classes) known = add(known, embedding(parameters.classes, labels))
      known = silu(known)
      const across: Tensor[] = []
      let x = conv2dLayer(parameters.enter, samples, { padding: 1 })
      for (let level = 0; level < levels; level++) {
        if (level > 0) x = conv2dLayer(parameters.shrink[level - 1], x, { padding: 1, stride: 2 })
        x = residualBlock(down[level], x, known, { groups })
        across.push(x)
      }
      x = residualBlock(parameters.middle, x, known, { groups })
      for (let level = levels - 2; level >= 0; level--) {
        const { kernel, bias } = parameters.enlarge[level]
        x = add(convTranspose2d(x, kernel, { stride: 2 }), reshape(bias, [-1, 1, 1]))
        x = residualBlock(up[level], concat([x, across[level]], { axis: 1 }), known, { groups })
      }
      return conv2dLayer(parameters.leave, silu(groupNorm(parameters.norm, x, { groups })), { padding: 1 })
    },
  }
}

function initialParameters(
  random: Random,
  size: {
    readonly imageChannels: number
    readonly classes: number
    readonly channels: readonly number[]
    readonly embedded: number
    readonly features: number
  },
): Evaluated<UNetParameters> {
  const { imageChannels, classes, channels, embedded, features } = size
  const block = (inputs: number, outputs: number) =>
    residualBlockParameters(random, { inputs, outputs, embedding: embedded })
  const last = channels[channels.length - 1]
  const lower = channels.slice(1)
  return {
    time: [
      denseParameters(random, { inputs: features, outputs: embedded }),
      denseParameters(random, { inputs: embedded, outputs: embedded }),
    ],
    // one row more: the empty condition
    ...(classes > 0 && { classes: embeddingParameters(random, { entries: classes + 1, width: embedded }) }),
    enter: conv2dParameters(random, { inputs: imageChannels, outputs: channels[0], kernel: 3 }),
    down: channels.map(count => block(count, count)),
    shrink: lower.map((outputs, i) => conv2dParameters(random, { inputs: channels[i], outputs, kernel: 3 })),
    middle: block(last, last),
    enlarge: lower.map((inputs, i) => {
      const bound = 1 / Math.sqrt(inputs)
      return {
        kernel: uniformArray(random, [inputs, channels[i], 2, 2], bound),
        bias: uniformArray(random, [channels[i]], bound),
      }
    }),
    up: lower.map((_, i) => block(2 * channels[i], channels[i])),
    norm: groupNormParameters(channels[0]),
    leave: conv2dParameters(random, { inputs: channels[0], outputs: imageChannels, kernel: 3 }),
  }
}

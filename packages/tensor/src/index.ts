export type { Backend, LoadOptions, Session, ValueInfo } from './backend/backend.ts'
export { nodeBackend } from './backend/onnxruntime-node.ts'
export { webBackend } from './backend/onnxruntime-web.ts'
export { type Compiled, type CompileOptions, compile, exportOnnx, jit } from './compile.ts'
export { type Attributes, type AttributeValue, type Operator, Tensor, topologicalOrder } from './graph.ts'
export { evaluate, interpret } from './interpret.ts'
export { simplify } from './lower/simplify.ts'
export {
  type DType,
  isFloat,
  isNdArray,
  type NdArray,
  type NdArrayOptions,
  type NestedNumbers,
  ndarray,
  sizeOf,
  type TypedData,
} from './ndarray.ts'
export {
  type Attention,
  type AttentionCache,
  attention,
  attentionCache,
  attentionParameters,
  attentionStep,
  extendCache,
} from './nn/attention.ts'
export { type Conv2d, conv2dLayer, conv2dParameters } from './nn/conv.ts'
export { type Dense, dense, denseParameters, mlp, mlpParameters } from './nn/dense.ts'
export { type Embedding, embedding, embeddingParameters } from './nn/embedding.ts'
export { type Gru, gru, gruParameters, gruStep } from './nn/gru.ts'
export { filledArray, normalArray, orthogonalArray, uniformArray } from './nn/initialise.ts'
export {
  type LayerNorm,
  layerNormLayer,
  layerNormParameters,
  type RmsNorm,
  rmsNormLayer,
  rmsNormParameters,
} from './nn/norm.ts'
export {
  type TransformerBlock,
  transformerBlock,
  transformerBlockParameters,
  transformerBlockStep,
} from './nn/transformer.ts'
export { add, clip, div, maximum, minimum, mul, pow, sub } from './operators/binary.ts'
export {
  equal,
  finite as isFinite,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  where,
} from './operators/compare.ts'
export { type ConvOptions, conv2d, convTranspose2d, type Pair } from './operators/conv.ts'
export { full, ones, onesLike, zeros, zerosLike } from './operators/fill.ts'
export { primitiveOperators } from './operators/index.ts'
export { gather, oneHot, scatterAdd, scatterAddAlongAxis, takeAlongAxis } from './operators/indexing.ts'
export {
  broadcastTo,
  concat,
  expandDims,
  flip,
  pad,
  reshape,
  slice,
  split,
  squeeze,
  stack,
  tile,
  transpose,
} from './operators/layout.ts'
export { causalMask, lowerTriangle, tril, triu } from './operators/masks.ts'
export { dot, type MatmulOptions, matmul, outer } from './operators/matmul.ts'
export { layerNorm, rmsNorm } from './operators/normalize.ts'
export { cast, stopGradient } from './operators/operands.ts'
export { argMax, argMin, argSort, sort, topK } from './operators/order.ts'
export { avgPool2d, maxPool2d, type PoolOptions } from './operators/pool.ts'
export {
  cumsum,
  logSumExp,
  max,
  mean,
  min,
  norm,
  prod,
  type ReduceOptions,
  sum,
  variance,
} from './operators/reduce.ts'
export { crossEntropy, logSoftmax, softmax } from './operators/softmax.ts'
export { arange, constant, type Operand, placeholder } from './operators/source.ts'
export {
  abs,
  ceil,
  cos,
  erf,
  exp,
  expm1,
  floor,
  gelu,
  leakyRelu,
  log,
  log1p,
  logSigmoid,
  neg,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './operators/unary.ts'
export { type AdamOptions, adam, adamW } from './optimise/adam.ts'
export {
  clipGlobalNorm,
  globalNorm,
  type Optimiser,
  type OptimiserOptions,
  type OptimiserState,
} from './optimise/optimiser.ts'
export { type RmsPropOptions, rmsProp } from './optimise/rmsprop.ts'
export {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  linearSchedule,
  type Schedule,
  warmup,
} from './optimise/schedules.ts'
export { type SgdOptions, sgd } from './optimise/sgd.ts'
export { type TrainingResult, trainingStep } from './optimise/training-step.ts'
export { nestNames, readSafetensors, type Safetensors, safetensorsParts, writeSafetensors } from './safetensors.ts'
export type { Concrete, Evaluated, TensorLike } from './trace.ts'
export { type GradOptions, grad, hvp, jacobian, jvp, valueAndGrad, vjp } from './transform/functional.ts'
export { gradients, isTensor } from './transform/gradients.ts'
export { type MapLeaves, type Tree, treeLeaves, treeMap, treePaths, treeZip } from './tree.ts'

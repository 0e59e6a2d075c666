import type { Operator } from '../graph.ts'
import { binaryOperators, clipOperator } from './binary.ts'
import { compareOperators } from './compare.ts'
import { convOperators } from './conv.ts'
import { indexingOperators } from './indexing.ts'
import { layoutOperators } from './layout.ts'
import { matmulOperator } from './matmul.ts'
import { layerNormOperator } from './normalize.ts'
import { castOperator, stopGradientOperator } from './operands.ts'
import { orderOperators } from './order.ts'
import { poolOperators } from './pool.ts'
import { cumsumOperator, reduceOperators } from './reduce.ts'
import { softmaxOperators } from './softmax.ts'
import { unaryOperators } from './unary.ts'
import { windows2dOperator } from './windows.ts'

/** Every primitive operator that has inputs; all other functions are compositions of these. */
export const primitiveOperators: readonly Operator[] = [
  ...unaryOperators,
  ...binaryOperators,
  clipOperator as unknown as Operator,
  ...compareOperators,
  ...reduceOperators,
  cumsumOperator as unknown as Operator,
  ...layoutOperators,
  castOperator,
  stopGradientOperator,
  matmulOperator as unknown as Operator,
  ...indexingOperators,
  ...orderOperators,
  ...softmaxOperators,
  layerNormOperator as unknown as Operator,
  ...convOperators,
  ...poolOperators,
  windows2dOperator as unknown as Operator,
]

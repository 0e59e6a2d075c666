import { expect, test } from 'vitest'
import {
  type DType,
  gradients,
  interpret,
  isFloat,
  mul,
  placeholder,
  primitiveOperators,
  sum,
  Tensor,
  topologicalOrder,
} from '../src/index.ts'
import { lowerGraph } from '../src/lower/lower.ts'
import { operatorCases } from './operator-cases.ts'

/** Nodes of every primitive operator, taken from the operator cases and their gradients. */
function examples(): Map<string, Tensor[]> {
  const found = new Map<string, Tensor[]>()
  const note = (outputs: readonly Tensor[]) => {
    for (const tensor of topologicalOrder(outputs)) {
      const { name } = tensor.op
      if (!found.has(name)) found.set(name, [])
      const known = found.get(name)!
      if (known.length < 40) known.push(tensor)
    }
  }
  for (const { f, args, differentiable } of operatorCases) {
    interpret((...inputs: Tensor[]) => {
      const y = f(...inputs)
      const floats = inputs.filter(({ dtype }) => isFloat(dtype))
      note(differentiable === false ? [y] : [y, ...gradients(sum(mul(y, y)), floats)])
      return y
    })(...args)
  }
  return found
}

/** The ONNX operators that one node becomes when its floats have the given type. */
function onnxOperators(node: Tensor, dtype: DType): string[] {
  const as = (type: DType) => (isFloat(type) ? dtype : type)
  const inputs = node.inputs.map((input, i) => placeholder(`x${i}`, input.shape, as(input.dtype)))
  const alone = new Tensor(node.op, inputs, node.attributes, node.shape, as(node.dtype))
  const names = { inputs: inputs.map((_, i) => `x${i}`), outputs: ['y'] }
  const { nodes } = lowerGraph(inputs, [alone], names, { threads: 1 })
  const operators = nodes.map(({ op, domain }) => (domain === undefined ? op : `${op} (${domain})`))
  return [...new Set(operators.filter(op => op !== 'Identity'))]
}

/** A Markdown table with its columns aligned, as the formatter wants it. */
function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map(row => row[i].length)))
  const line = (cells: string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  return [head, widths.map(width => '-'.repeat(width)), ...rows].map(line).join('\n')
}

test('OPERATORS.md says what the source says', async () => {
  const found = examples()
  const rows = primitiveOperators.map(operator => {
    const nodes = found.get(operator.name)
    if (nodes === undefined) throw new Error(`no case uses ${operator.name}`)
    const single = [...new Set(nodes.flatMap(node => onnxOperators(node, 'float32')))].sort()
    const double = [...new Set(nodes.flatMap(node => onnxOperators(node, 'float64')))].sort()
    const list = (operators: string[]) => (operators.length === 0 ? 'none' : operators.join(', '))
    const same = list(single) === list(double) ? 'same' : list(double)
    return [operator.name, operator.vjp === undefined ? 'none' : 'yes', list(single), same]
  })
  const text = `# Operators

Every primitive operator: whether gradients pass through it (checked against central differences, first and second
order), which ONNX operators it becomes in float32, and which in float64 where ONNX Runtime's CPU kernels differ. All
are run in both types against the reference interpreter. This table is written by \`test/operator-table.test.ts\`
(\`npx vitest run packages/tensor/test/operator-table.test.ts -u\`) and checked by it.

${table(['operator', 'gradient', 'ONNX, float32', 'ONNX, float64'], rows)}
`
  await expect(text).toMatchFileSnapshot('../OPERATORS.md')
})

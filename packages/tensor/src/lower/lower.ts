import { type Tensor, topologicalOrder } from '../graph.ts'
import type { DType, NdArray } from '../ndarray.ts'
import { encodeModel } from '../onnx/encode.ts'
import type { OnnxInitializer, OnnxModel, OnnxNode, OnnxTensor, OnnxType } from '../onnx/model.ts'
import type { Emitter, OnnxAttributes } from './emitter.ts'
import { simplify } from './simplify.ts'

/** ONNX's numbers of element types, for Cast. */
const typeNumbers: Record<OnnxType, number> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 }

/** Operators whose further outputs may be left out when nothing reads them. */
const optionalOutputs = new Set(['LayerNormalization', 'MaxPool'])

/** Names of inputs and outputs in the model. */
export interface LowerNames {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** What is known about how the model will be run. */
export interface LowerOptions {
  /** Threads of one run; unknown by default, which is treated as many. */
  readonly threads?: number
  /** Only operators of the ONNX standard; default false: ONNX Runtime's own are used where they are faster. */
  readonly portable?: boolean
}

/** A graph as an ONNX model, simplified; inputs that nothing depends on are kept. */
export function lowerGraph(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  names: LowerNames,
  options: LowerOptions = {},
): OnnxModel {
  const simple = simplify(outputs)
  const order = topologicalOrder(simple)
  const writer = new ModelWriter(new Set([...names.inputs, ...names.outputs]), order, options)
  const values = new Map<Tensor, string>(inputs.map((input, i) => [input, names.inputs[i]]))
  for (const tensor of order) {
    if (values.has(tensor)) continue
    const operands = tensor.inputs.map(input => values.get(input)!)
    values.set(tensor, tensor.op.lower(tensor, operands, writer))
  }
  simple.forEach((output, i) => {
    writer.nodes.push({ op: 'Identity', inputs: [values.get(output)!], outputs: [names.outputs[i]] })
  })
  return {
    opsets: options.portable ? { '': 17 } : { '': 17, 'com.microsoft': 1 },
    nodes: tidy(writer.nodes, new Set(names.outputs), new Set(names.inputs)),
    inputs: inputs.map((input, i) => ({ name: names.inputs[i], type: input.dtype, shape: input.shape })),
    outputs: outputs.map((output, i) => ({ name: names.outputs[i], type: output.dtype, shape: output.shape })),
    initializers: writer.initializers,
  }
}

/** The bytes of {@link lowerGraph}. */
export function encodeGraph(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  names: LowerNames,
  options: LowerOptions = {},
): Uint8Array {
  return encodeModel(lowerGraph(inputs, outputs, names, options))
}

/** Leaves out unread optional outputs, and lets nodes write graph outputs directly where one output reads them. */
function tidy(
  nodes: readonly OnnxNode[],
  outputNames: ReadonlySet<string>,
  inputNames: ReadonlySet<string>,
): OnnxNode[] {
  const producers = new Set(nodes.flatMap(node => node.outputs))
  const renamed = new Map<string, string>()
  const kept: OnnxNode[] = []
  for (const node of nodes) {
    const [source] = node.inputs
    const isCopy = node.op === 'Identity' && outputNames.has(node.outputs[0])
    if (
      isCopy &&
      producers.has(source) &&
      !inputNames.has(source) &&
      !renamed.has(source) &&
      !outputNames.has(source)
    ) {
      renamed.set(source, node.outputs[0])
    } else kept.push(node)
  }
  const rename = (name: string) => renamed.get(name) ?? name
  const final = kept.map(node => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) }))
  const read = new Set([...outputNames, ...final.flatMap(node => node.inputs)])
  return final.map(node => {
    if (!optionalOutputs.has(node.op)) return node
    const outputs = node.outputs.map((name, i) => (i === 0 || read.has(name) ? name : ''))
    // Left out at the end, not named '': runtimes choose faster kernels by the number of outputs.
    while (outputs[outputs.length - 1] === '') outputs.pop()
    return { ...node, outputs }
  })
}

class ModelWriter implements Emitter {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxInitializer[] = []
  readonly #known = new Map<string, string[]>()
  readonly #taken: ReadonlySet<string>
  readonly #operators: ReadonlySet<string>
  /** Constant arrays so far by type and shape: equal ones are stored once, and what is made of them is made once. */
  readonly #arrays = new Map<string, readonly NdArray[]>()
  readonly #readers = new Map<Tensor, readonly Tensor[]>()
  readonly singleThread: boolean
  readonly portable: boolean
  #count = 0

  constructor(taken: ReadonlySet<string>, graph: readonly Tensor[], options: LowerOptions) {
    this.#taken = taken
    this.singleThread = options.threads === 1
    this.portable = options.portable ?? false
    this.#operators = new Set(graph.map(tensor => tensor.op.name))
    for (const tensor of graph) {
      for (const input of tensor.inputs) this.#readers.set(input, [...this.readers(input), tensor])
    }
  }

  readers(tensor: Tensor): readonly Tensor[] {
    return this.#readers.get(tensor) ?? []
  }

  has(operator: string): boolean {
    return this.#operators.has(operator)
  }

  #name(prefix: string): string {
    let name: string
    do name = `${prefix}${this.#count++}`
    while (this.#taken.has(name))
    return name
  }

  one(op: string, inputs: readonly string[], attributes: OnnxAttributes = {}, domain = ''): string {
    return this.many(op, inputs, 1, attributes, domain)[0]
  }

  many(op: string, inputs: readonly string[], count: number, attributes: OnnxAttributes = {}, domain = ''): string[] {
    const key = `${domain}:${op}(${inputs})${JSON.stringify(attributes)}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const outputs = Array.from({ length: count }, () => this.#name('t'))
    this.nodes.push({ op, inputs, outputs, attributes, ...(domain === '' ? {} : { domain }) })
    this.#known.set(key, outputs)
    return outputs
  }

  #initializer(key: string, tensor: OnnxTensor): string {
    const known = this.#known.get(key)
    if (known !== undefined) return known[0]
    const name = this.#name('c')
    this.initializers.push({ ...tensor, name })
    this.#known.set(key, [name])
    return name
  }

  ints(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt)
    return this.#initializer(`ints:${values}`, { type: 'int64', shape: [values.length], data })
  }

  scalar(value: number, dtype: DType | 'int64'): string {
    if (dtype === 'int64') {
      return this.#initializer(`int64:${value}`, { type: 'int64', shape: [], data: BigInt64Array.of(BigInt(value)) })
    }
    const key = `${dtype}:${Object.is(value, -0) ? '-0' : value}`
    return this.#initializer(key, tensorOf({ dtype, shape: [], data: Float64Array.of(value) }))
  }

  constant(array: NdArray): string {
    if (array.shape.length === 0) return this.scalar(array.data[0], array.dtype)
    const kind = `array:${array.dtype}[${array.shape}]`
    const alike = this.#arrays.get(kind) ?? []
    const at = alike.findIndex(known => known.data.every((value, i) => Object.is(value, array.data[i])))
    if (at < 0) this.#arrays.set(kind, [...alike, array])
    return this.#initializer(`${kind}#${at < 0 ? alike.length : at}`, tensorOf(array))
  }

  cast(value: string, to: OnnxType): string {
    return this.one('Cast', [value], { to: { int: typeNumbers[to] } })
  }
}

function tensorOf({ dtype, shape, data }: NdArray): OnnxTensor {
  if (dtype === 'float32') return { type: dtype, shape, data: Float32Array.from(data) }
  if (dtype === 'float64') return { type: dtype, shape, data: Float64Array.from(data) }
  return dtype === 'int32'
    ? { type: dtype, shape, data: Int32Array.from(data) }
    : { type: dtype, shape, data: Uint8Array.from(data) }
}

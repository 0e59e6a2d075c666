import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from './model.ts'
import { type WireWriter, wireWriter } from './wire.ts'

export type { OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from './model.ts'

/** TensorProto.DataType of the ONNX schema (onnx/onnx.proto). */
const dataType: Readonly<Record<OnnxType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 }

/** AttributeProto.AttributeType of the ONNX schema. */
const attributeType = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const

/**
 * The bytes of an ONNX model (a serialised `ModelProto`), loadable by ONNX Runtime and any other ONNX tool.
 *
 * The same model always gives the same bytes. See {@link OnnxModel} for an example.
 *
 * @throws RangeError if a constant's data does not fit its shape.
 */
export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const out = wireWriter()
  out.integer(1, model.irVersion ?? 8)
  out.text(2, model.producer ?? 'guerdon')
  out.message(7, () => graph(out, model))
  for (const [domain, version] of Object.entries(model.opsets)) {
    out.message(8, () => {
      out.text(1, domain)
      out.integer(2, version)
    })
  }
  for (const [key, value] of Object.entries(model.metadata ?? {})) {
    out.message(14, () => {
      out.text(1, key)
      out.text(2, value)
    })
  }
  return out.finish()
}

function graph(out: WireWriter, model: OnnxModel): void {
  for (const each of model.nodes) out.message(1, () => node(out, each))
  out.text(2, model.name ?? 'graph')
  for (const each of model.initializers ?? []) out.message(5, () => tensor(out, each, each.name))
  if (model.description !== undefined) out.text(10, model.description)
  for (const each of model.inputs) out.message(11, () => value(out, each))
  for (const each of model.outputs) out.message(12, () => value(out, each))
  for (const each of model.values ?? []) out.message(13, () => value(out, each))
}

function node(out: WireWriter, each: OnnxNode): void {
  for (const name of each.inputs) out.text(1, name)
  for (const name of each.outputs) out.text(2, name)
  if (each.name !== undefined) out.text(3, each.name)
  out.text(4, each.op)
  for (const [name, attribute] of Object.entries(each.attributes ?? {})) {
    out.message(5, () => attributeValue(out, name, attribute))
  }
  if (each.domain) out.text(7, each.domain)
}

function attributeValue(out: WireWriter, name: string, attribute: OnnxAttribute): void {
  out.text(1, name)
  if ('float' in attribute) {
    out.float(2, attribute.float)
    out.integer(20, attributeType.float)
  } else if ('int' in attribute) {
    out.integer(3, attribute.int)
    out.integer(20, attributeType.int)
  } else if ('string' in attribute) {
    out.text(4, attribute.string)
    out.integer(20, attributeType.string)
  } else if ('tensor' in attribute) {
    out.message(5, () => tensor(out, attribute.tensor, ''))
    out.integer(20, attributeType.tensor)
  } else if ('floats' in attribute) {
    for (const number of attribute.floats) out.float(7, number)
    out.integer(20, attributeType.floats)
  } else if ('ints' in attribute) {
    for (const number of attribute.ints) out.integer(8, number)
    out.integer(20, attributeType.ints)
  } else {
    for (const text of attribute.strings) out.text(9, text)
    out.integer(20, attributeType.strings)
  }
}

function value(out: WireWriter, each: OnnxValue): void {
  out.text(1, each.name)
  out.message(2, () =>
    out.message(1, () => {
      out.integer(1, dataType[each.type])
      out.message(2, () => {
        for (const size of each.shape) {
          out.message(1, () => (typeof size === 'number' ? out.integer(1, size) : out.text(2, size)))
        }
      })
    }),
  )
}

function tensor(out: WireWriter, each: OnnxTensor, name: string): void {
  const expected = each.shape.reduce((product, size) => product * size, 1)
  if (each.data.length !== expected) {
    throw new RangeError(
      `encodeModel: expected ${expected} elements for shape [${each.shape}] — got ${each.data.length} — in constant "${name}". Give data of the shape's size.`,
    )
  }
  for (const size of each.shape) out.integer(1, size)
  out.integer(2, dataType[each.type])
  if (name !== '') out.text(8, name)
  // raw_data is little-endian by definition, as is every platform that runs JavaScript engines with typed arrays today.
  out.bytes(9, new Uint8Array(each.data.buffer, each.data.byteOffset, each.data.byteLength))
}

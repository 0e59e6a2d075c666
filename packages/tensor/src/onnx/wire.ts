/**
 * A writer of the protocol-buffer wire format: the four field kinds that ONNX models use.
 *
 * Written here rather than taken from a library: `onnx-proto` is unmaintained, and protobufjs or @bufbuild/protobuf
 * would bring a schema compiler and 64-bit integer classes to every browser page for what these lines do.
 */
export interface WireWriter {
  /** An integer field (varint); negative numbers are written as 64-bit two's complement. Zero is written too. */
  integer(field: number, value: number | bigint): void
  /** A 32-bit IEEE float field. */
  float(field: number, value: number): void
  /** A UTF-8 string field. */
  text(field: number, value: string): void
  /** A bytes field; the bytes are copied once, into the message. */
  bytes(field: number, value: Uint8Array): void
  /** An embedded message, written by `body` with this same writer. */
  message(field: number, body: () => void): void
  /** The bytes written so far, in a buffer of exactly their length. */
  finish(): Uint8Array<ArrayBuffer>
}

const VARINT = 0
const DELIMITED = 2
const FIXED32 = 5

const encoder = new TextEncoder()

/** A new empty writer; it grows as needed, up to the 2 GiB that a protocol-buffer message may have. */
export function wireWriter(): WireWriter {
  let buffer = new Uint8Array(4096)
  let view = new DataView(buffer.buffer)
  let length = 0

  function reserve(count: number): void {
    if (length + count <= buffer.length) return
    const grown = new Uint8Array(Math.max(buffer.length * 2, length + count))
    grown.set(buffer.subarray(0, length))
    buffer = grown
    view = new DataView(buffer.buffer)
  }

  function varint(value: number): void {
    reserve(8)
    let rest = value
    while (rest >= 128) {
      buffer[length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    buffer[length++] = rest
  }

  function varint64(value: bigint): void {
    reserve(10)
    let rest = BigInt.asUintN(64, value)
    while (rest >= 128n) {
      buffer[length++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    buffer[length++] = Number(rest)
  }

  function tag(field: number, kind: number): void {
    varint(field * 8 + kind)
  }

  function bytes(field: number, value: Uint8Array): void {
    tag(field, DELIMITED)
    varint(value.length)
    reserve(value.length)
    buffer.set(value, length)
    length += value.length
  }

  return {
    integer(field, value) {
      tag(field, VARINT)
      if (typeof value === 'number' && value >= 0) varint(value)
      else varint64(BigInt(value))
    },
    float(field, value) {
      tag(field, FIXED32)
      reserve(4)
      view.setFloat32(length, value, true)
      length += 4
    },
    text(field, value) {
      bytes(field, encoder.encode(value))
    },
    bytes,
    message(field, body) {
      tag(field, DELIMITED)
      const start = length
      body()
      // The length stands before the body and is known only now: move the body by the few bytes the length takes.
      const size = length - start
      const prefix = varintSize(size)
      reserve(prefix)
      buffer.copyWithin(start + prefix, start, length)
      length = start
      varint(size)
      length += size
    },
    finish() {
      return buffer.slice(0, length)
    },
  }
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++
  return size
}

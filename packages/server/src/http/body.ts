import { isAscii, isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { formatPath } from '@guerdon/core'
import { batchContentType } from '../binary/layout.ts'
import { findDuplicateKey } from './duplicate-keys.ts'
import { faultPlace, findJsonFault } from './json-fault.ts'
import { RequestError } from './request-error.ts'

/** Limits of reading one body. */
export interface BodyLimits {
  /** Longest body accepted, in bytes. */
  readonly maxBytes: number
  /** Longest time a body may take to arrive, in milliseconds. */
  readonly timeoutMs: number
  /** Called with the size of every part that arrives; may throw to end the reading. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * True for a body in the binary layout where `binary` allows it, false for JSON in UTF-8; throws 415 for anything else. A
 * missing content type is refused: browsers send it across sites freely.
 */
export function readContentType(contentType: string | undefined, { binary }: { readonly binary: boolean }): boolean {
  const [type, ...parameters] = (contentType ?? '').toLowerCase().split(';')
  const charset = parameters.map(text => text.trim()).find(text => text.startsWith('charset='))
  const utf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  if (/^application\/([\w.+-]+\+)?json$/.test(type.trim()) && utf8) return false
  if (binary && type.trim() === batchContentType) return true
  throw new RequestError(
    415,
    'unsupported_media_type',
    `expected content type application/json in UTF-8; got ${contentType === undefined ? 'none' : JSON.stringify(contentType.slice(0, 60))}`,
    { hint: 'send the header "content-type: application/json"', close: true },
  )
}

/**
 * Reads a body from a socket, stopping as soon as it is too long (413) or too slow (408). Throws `cancelled` when the
 * client goes away.
 */
export function readIncoming(incoming: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      finish()
    }
    const refuse = (error: unknown) => settle(() => reject(error))
    const onData = (part: Buffer) => {
      size += part.length
      if (size > limits.maxBytes) return refuse(tooLarge(limits.maxBytes))
      try {
        limits.onBytes?.(part.length)
      } catch (error) {
        return refuse(error)
      }
      parts.push(part)
    }
    const onEnd = () => settle(() => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts, size)))
    const onClose = () => refuse(new RequestError(499, 'cancelled', 'the client went away while sending its request'))
    const timer = setTimeout(() => refuse(tooSlow(limits.timeoutMs)), limits.timeoutMs)
    if (Number(incoming.headers['content-length'] ?? 0) > limits.maxBytes) return refuse(tooLarge(limits.maxBytes))
    if (incoming.destroyed && !incoming.complete) return onClose()
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

/** The same for a request without a socket. */
export async function readRequest(request: Request, limits: BodyLimits): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length
    if (size > limits.maxBytes) throw tooLarge(limits.maxBytes)
    limits.onBytes?.(part.length)
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}

/**
 * JSON from bytes. Throws 400 for bytes that are not UTF-8, text that is not JSON or an object with one name twice, with the
 * place; NaN is `not_finite`.
 */
export function parseBody(given: Uint8Array): unknown {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  // Most bodies are ASCII, which becomes text several times faster when said so.
  const ascii = isAscii(bytes)
  if (!ascii && !isUtf8(bytes)) {
    throw new RequestError(400, 'parse', 'expected a body in UTF-8; got bytes that are not', {
      hint: 'encode the body as UTF-8',
    })
  }
  const marked = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  const text = ascii ? bytes.toString('latin1') : bytes.toString('utf8', marked ? 3 : 0)
  if (text.trim() === '') throw new RequestError(400, 'empty', 'expected a JSON body; got an empty one')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const fault = findJsonFault(text)
    if (fault.literal !== undefined) {
      throw new RequestError(
        400,
        'not_finite',
        `expected a finite number; got ${fault.literal} — ${faultPlace(fault)}`,
        { path: fault.path, hint: 'leave out what is missing (absent or null): JSON has neither NaN nor Infinity' },
      )
    }
    const what = fault.position >= text.length ? 'the end of the body' : 'something else'
    throw new RequestError(400, 'parse', `expected ${fault.expected}; got ${what} — ${faultPlace(fault)}`, {
      path: fault.path,
      hint: 'send one JSON value',
    })
  }
  const twice = findDuplicateKey(text, value)
  if (twice === undefined) return value
  throw new RequestError(400, 'parse', `expected each name of an object once; got one twice — ${formatPath(twice)}`, {
    path: twice,
    hint: 'which of the two values was meant cannot be told',
  })
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError(413, 'too_large', `expected a body of at most ${maxBytes} bytes; got a longer one`, {
    hint: 'send smaller batches, or raise the limit of the server',
    close: true,
  })
}

function tooSlow(timeoutMs: number): RequestError {
  return new RequestError(408, 'timeout', `expected the whole body within ${timeoutMs} ms; got a part of it`, {
    close: true,
  })
}

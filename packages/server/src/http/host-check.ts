import { RequestError } from './request-error.ts'

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return loopback.test(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)
}

/** Names a server on loopback answers to. */
export interface HostPolicy {
  /** Further values of the Host header, without port. */
  readonly allowed: readonly string[]
}

/**
 * Throws 403 for a request that a web page made: with a Host that is not this machine (a name made to point here), or an
 * Origin from elsewhere. Trainers send no Origin.
 */
export function checkHost(policy: HostPolicy, host: string | undefined, origin: string | undefined): void {
  const known = (name: string) => {
    const bare = name.replace(/:\d+$/, '').toLowerCase()
    return loopback.test(name) || policy.allowed.some(allowed => allowed.toLowerCase() === bare)
  }
  if (host !== undefined && !known(host)) throw forbidden('Host', 'the address of this machine', 'another name')
  if (origin === undefined) return
  const from = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]
  if (from === undefined || !known(from)) throw forbidden('Origin', 'a page of this machine', 'one from elsewhere')
}

function forbidden(header: string, expected: string, got: string): RequestError {
  return new RequestError(403, 'forbidden', `expected ${expected} in the header ${header}; got ${got}`, {
    hint: 'a server that listens on loopback answers this machine only; allow a name with --allow-host NAME',
    close: true,
  })
}

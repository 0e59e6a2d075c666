import { openStore, type Store } from '@guerdon/store'

/** Opens a store for the length of `work`. */
export async function withStore<T>(
  folder: string,
  options: { readonly readOnly: boolean },
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore(folder, options)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** A signal that the first interrupt of the terminal aborts, for the length of `work`. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const cancelled = new AbortController()
  const cancel = () => cancelled.abort()
  process.once('SIGINT', cancel)
  return await work(cancelled.signal).finally(() => process.off('SIGINT', cancel))
}

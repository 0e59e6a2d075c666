import type { Adapters } from '../adapter.ts'

/** Loads the adapters of one method by slug: the module of that name in this folder. */
export async function loadAdapters(slug: string): Promise<Adapters | undefined> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(slug)) return undefined
  const file = import.meta.url.endsWith('.ts') ? `./${slug}.ts` : `./${slug}.js`
  try {
    const module = (await import(/* @vite-ignore */ file)) as { adapters: Adapters }
    return module.adapters
  } catch (error) {
    if (
      error instanceof Error &&
      /Cannot find module|Failed to load|ERR_MODULE_NOT_FOUND/.test(
        `${error.message} ${(error as { code?: string }).code}`,
      )
    ) {
      if (error.message.includes(`/${slug}.`)) return undefined
    }
    throw error
  }
}

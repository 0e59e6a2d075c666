const place = /\{\{\s*([^{}]*?)\s*\}\}/g

/** What a template is filled from. */
export interface TemplateValues {
  /** What the policy wrote: `sample.output_text`, and parsed as JSON `sample.output_json`. */
  readonly response: string
  /** The fields of the row: `item.NAME`. */
  readonly item: Readonly<Record<string, unknown>>
}

/** A filled template, or why it could not be filled: a field of the row is missing, or the response is not the JSON asked for. */
export type Filled = { readonly text: string } | { readonly missing: string } | { readonly unreadable: string }

/** The fields of `item` and the parts of `sample` that templates name, such as `item.answer`. */
export function placeholders(...templates: readonly string[]): readonly string[] {
  return [...new Set(templates.flatMap(template => [...template.matchAll(place)].map(([, path]) => path)))]
}

/** True for a path that `fillTemplate` knows. */
export function isKnownPlaceholder(path: string): boolean {
  return /^(item\.[^.\s]+(\.[^.\s]+)*|sample\.output_text|sample\.output_json(\.[^.\s]+)*)$/.test(path)
}

/**
 * Fills `{{item.field}}`, `{{sample.output_text}}` and `{{sample.output_json.field}}` in one pass: what is put in is never
 * read again as a template. Text is put in as it stands, anything else as JSON.
 */
export function fillTemplate(template: string, { response, item }: TemplateValues): Filled {
  let fault: Filled | undefined
  const text = template.replace(place, (_whole, path: string) => {
    const [root, part, ...rest] = path.split('.')
    if (root === 'item') {
      const value = valueAt(item, [part, ...rest])
      if (value === undefined || value === null) fault ??= { missing: path }
      return textOf(value)
    }
    if (part === 'output_text') return response
    const value = valueAt(parse(response), rest)
    if (value === undefined) fault ??= { unreadable: path }
    return textOf(value)
  })
  return fault ?? { text }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    value,
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

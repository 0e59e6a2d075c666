// Options of a method or a stage as a Markdown table.
import { toJSONSchema } from 'zod'

/** Text that fits into one cell. */
export function cell(text) {
  return String(text)
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
    .replace(/<(?=[a-z/!])/gi, '\\<')
}

/** Lines of the table of a schema's properties; none when it has none. */
export function optionTable(schema) {
  const rows = Object.entries(jsonSchema(schema).properties ?? {}).map(([name, property]) => {
    const value = property.default === undefined ? '' : codeCell(JSON.stringify(property.default))
    return `| \`${name}\` | ${typeText(property).replaceAll('|', '\\|')} | ${value} | ${cell(property.description ?? '')} |`
  })
  return rows.length === 0 ? [] : ['| option | type | default | meaning |', '| --- | --- | --- | --- |', ...rows]
}

/** A key that is equal for schemas that take the same options. */
export function optionKey(schema) {
  return JSON.stringify(jsonSchema(schema))
}

function jsonSchema(schema) {
  return toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
}

function codeCell(text) {
  return `\`${text.replaceAll('|', '\\|')}\``
}

function typeText(property) {
  return [...new Set(typeNames(property))].join(', ')
}

function typeNames(property) {
  const choices = property.anyOf ?? property.oneOf
  if (choices) return choices.flatMap(typeNames)
  if (property.enum) return property.enum.map(value => codeCell(JSON.stringify(value)))
  if (property.const !== undefined) return [codeCell(JSON.stringify(property.const))]
  if (property.type === 'array') return [`list of ${property.items ? typeText(property.items) : 'anything'}`]
  if (property.type === 'object' && property.properties) return [`{ ${Object.keys(property.properties).join(', ')} }`]
  return [property.type ?? 'anything']
}

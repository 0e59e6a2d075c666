import { bindStage, optionsJsonSchema } from '@guerdon/core'
import { families, findMethod, type MethodDefinition, methods } from '@guerdon/methods'

/** `GET /v1/methods`: the families and every method, shortly. */
export function listMethods(): unknown {
  return {
    families,
    methods: methods.map(({ slug, title, family, year, paper, summary, stages }) => ({
      slug,
      title,
      family,
      year,
      paper,
      summary,
      stages: stages.map(stage => stage.name),
    })),
  }
}

/** `GET /v1/methods/:slug`: one method in full, options as JSON Schema. Throws `unknown_name`, suggesting the nearest. */
export function showMethod(slug: string): unknown {
  const { options, stages, ...method }: MethodDefinition = findMethod(slug)
  return {
    ...method,
    options: optionsJsonSchema(options),
    stages: stages.map(stage => {
      const { name, about, reads, writes, stateVersion } = bindStage(stage)
      return { name, about, options: optionsJsonSchema(stage.options), reads, writes, stateVersion }
    }),
  }
}

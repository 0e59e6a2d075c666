import { findNamed, type StageDefinition } from '@guerdon/core'
import { controlMethods } from './control/index.ts'
import { creditMethods } from './credit/index.ts'
import { curationMethods } from './curation/index.ts'
import { diffusionMethods } from './diffusion/index.ts'
import { explorationMethods } from './exploration/index.ts'
import { generatedMethods } from './generated/index.ts'
import { judgesMethods } from './judges/index.ts'
import type { MethodDefinition } from './method.ts'
import { modelsMethods } from './models/index.ts'
import { processMethods } from './process/index.ts'
import { rulesMethods } from './rules/index.ts'
import { searchMethods } from './search/index.ts'
import { shapingMethods } from './shaping/index.ts'

/** Every method, family by family. Command line, docs, server and lab list methods from here and nowhere else. */
export const methods: readonly MethodDefinition[] = [
  ...creditMethods,
  ...processMethods,
  ...rulesMethods,
  ...shapingMethods,
  ...modelsMethods,
  ...judgesMethods,
  ...curationMethods,
  ...generatedMethods,
  ...searchMethods,
  ...controlMethods,
  ...explorationMethods,
  ...diffusionMethods,
]

/** Every stage the methods offer to recipes. */
// biome-ignore lint/suspicious/noExplicitAny: stages with different options and states share no narrower element type
export const methodStages: readonly StageDefinition<any, any>[] = methods.flatMap(method => method.stages)

/** The method with this slug. Throws `unknown_name`, suggesting the nearest. */
export function findMethod(slug: string): MethodDefinition {
  return findNamed(slug, methods, {
    kind: 'method',
    nameOf: method => method.slug,
    hint: '`guerdon methods` lists them all',
  })
}

/** The stage with this name. Throws `unknown_name`, suggesting the nearest. */
// biome-ignore lint/suspicious/noExplicitAny: the caller does not know the stage's options and state
export function findStage(name: string): StageDefinition<any, any> {
  return findNamed(name, methodStages, {
    kind: 'stage',
    nameOf: stage => stage.name,
    hint: '`guerdon methods <slug>` lists the stages of a method',
  })
}

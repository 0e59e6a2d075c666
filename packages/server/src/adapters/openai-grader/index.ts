export { graderOfRecipe } from './export.ts'
export { type ImportedGrader, recipeOfGrader } from './import.ts'
export { type Grader, graderSchema } from './schema.ts'
export { graderStages } from './stages.ts'

export * from '@guerdon/core'
export * from '@guerdon/methods'

/**
 * One golden function: takes a case's input (field names as in the vector files), returns what the case expects.
 * Adapters only rename fields and reshape arrays between the vector's layout and the public API; no arithmetic of a method
 * may stand here. Each adapter states its own input type.
 */
export type Adapter = (input: never) => unknown

/** The adapters of one method, by function name. */
export type Adapters = Readonly<Record<string, Adapter>>

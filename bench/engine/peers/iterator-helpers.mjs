/** The iterator methods that jax-js uses and Node 20 lacks, as ECMAScript 2025 defines them. */
const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))

function define(name, value) {
  if (!(name in prototype)) Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
}

define('map', function* map(change) {
  let index = 0
  for (const each of this) yield change(each, index++)
})
define('filter', function* filter(keep) {
  let index = 0
  for (const each of this) if (keep(each, index++)) yield each
})
define('flatMap', function* flatMap(change) {
  let index = 0
  for (const each of this) yield* change(each, index++)
})
define('take', function* take(count) {
  let left = count
  if (left <= 0) return
  for (const each of this) {
    yield each
    if (--left <= 0) return
  }
})
define('drop', function* drop(count) {
  let left = count
  for (const each of this) if (left-- <= 0) yield each
})
define('toArray', function toArray() {
  return [...this]
})
define('forEach', function forEach(visit) {
  let index = 0
  for (const each of this) visit(each, index++)
})
define('some', function some(test) {
  let index = 0
  for (const each of this) if (test(each, index++)) return true
  return false
})
define('every', function every(test) {
  let index = 0
  for (const each of this) if (!test(each, index++)) return false
  return true
})
define('find', function find(test) {
  let index = 0
  for (const each of this) if (test(each, index++)) return each
  return undefined
})
define('reduce', function reduce(combine, ...initial) {
  return [...this].reduce(combine, ...initial)
})

/**
 * Takes a free run: the lock is the holder's token and ends by itself. A server that finds it taken has the next turn, so
 * that one with many batches cannot keep another waiting for ever. Keys: lock, turn. Arguments: token, server, milliseconds
 * of the lock, milliseconds of the turn. Gives 1 when taken.
 */
export const takeRun = `
local turn = redis.call('GET', KEYS[2])
local mine = not turn or turn == ARGV[2]
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then return 1 end
if holder or not mine then
  if mine then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4]) end
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1`

/** Keeps a lock for longer. Key: lock. Arguments: token, milliseconds. Gives 1 when it is still held. */
export const keepRun = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

/** Ends a lock. Key: lock. Argument: token. */
export const freeRun = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** The fields of a run, its revision alone when that is known, nothing for none. Key: run. Argument: revision or empty. */
export const readRun = `
local revision = redis.call('HGET', KEYS[1], 'revision')
if not revision then return {} end
if revision == ARGV[1] then return {revision} end
return redis.call('HMGET', KEYS[1], 'revision', 'format', 'update', 'state', 'answers')`

/**
 * Saves a run that is at the revision known, or not there where that is empty, and ends its lock; again, it changes nothing.
 * Keys: run, lock. Arguments: revision known or empty, new revision, token, format, update, state, answers. Gives 1 when
 * saved.
 */
export const writeRun = `
local revision = redis.call('HGET', KEYS[1], 'revision') or ''
if revision ~= ARGV[2] then
  if revision ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'format', ARGV[4], 'update', ARGV[5], 'state', ARGV[6], 'answers', ARGV[7])
end
if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end
return 1`

// One part of the load, in a process of its own, so that the load is not what limits a server of several processes.
import { throughput } from './load.mjs'

const [port, seconds] = process.argv.slice(2).map(Number)
process.send(await throughput(port, seconds))
process.disconnect()

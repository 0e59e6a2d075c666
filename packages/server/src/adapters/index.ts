import type { Adapter } from './adapter.ts'
import { evalProtocolAdapter } from './eval-protocol.ts'
import { openrlhfAdapter } from './openrlhf.ts'
import { skypilotAdapter } from './skypilot.ts'
import { slimeAdapter } from './slime.ts'

/** Every wire format the server speaks. */
export const adapters: readonly Adapter[] = [openrlhfAdapter, slimeAdapter, skypilotAdapter, evalProtocolAdapter]

import type { Adapter } from './adapter.ts'
import { agentLightningAdapter } from './agent-lightning.ts'
import { atroposAdapter } from './atropos.ts'
import { evalProtocolAdapter } from './eval-protocol.ts'
import { msSwiftAdapter } from './ms-swift.ts'
import { nemoGymAdapter } from './nemo-gym.ts'
import { openrlhfAdapter } from './openrlhf.ts'
import { skypilotAdapter } from './skypilot.ts'
import { skyrlAdapter } from './skyrl.ts'
import { slimeAdapter } from './slime.ts'
import { trlAdapter } from './trl.ts'
import { verifiersAdapter } from './verifiers.ts'
import { verlClassifyAdapter, verlEmbeddingsAdapter } from './verl.ts'

/** Every wire format the server speaks. */
export const adapters: readonly Adapter[] = [
  openrlhfAdapter,
  slimeAdapter,
  verlClassifyAdapter,
  verlEmbeddingsAdapter,
  trlAdapter,
  msSwiftAdapter,
  skyrlAdapter,
  nemoGymAdapter,
  verifiersAdapter,
  atroposAdapter,
  agentLightningAdapter,
  evalProtocolAdapter,
  skypilotAdapter,
]

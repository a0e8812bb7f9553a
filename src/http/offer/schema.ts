/** Parameters of the interconnect calls. */
import { Type } from 'typebox';
import { closed } from '../../core/shape.ts';
import { WALLET_NAMES } from '../../kernel/wallet-names.ts';

export const InterconnectSet = closed(
  {
    payer_wallet: Type.Enum([...WALLET_NAMES], { description: 'Whose app scans.' }),
    acceptor_wallet: Type.Enum([...WALLET_NAMES], { description: 'Whose code is scanned.' }),
    status: Type.Enum(['active', 'paused']),
  },
  {
    examples: [{ payer_wallet: 'unionpay', acceptor_wallet: 'wechatpay', status: 'active' }],
  },
);

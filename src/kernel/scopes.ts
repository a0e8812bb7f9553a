/**
 * The scopes: what a call asks of a key and what a restricted key may be created for. openapi.json
 * and docs/reference/words.md are written from this list. A published scope never comes to permit
 * more than it did.
 */
export const SCOPES = Object.freeze({
  'payment_intents:read': 'Read payments, their attempts and offers.',
  'payment_intents:write': 'Create and cancel payments, start attempts, show a payment’s code.',
  'payment_intents:resolve': 'Resolve a conflicted payment as an operator: accept or refund it.',
  'refunds:read': 'Read refunds.',
  'refunds:write': 'Refund buyers.',
  'merchants:read': 'Read merchants, their wallet accounts, counters and printed sheets.',
  'merchants:write': 'Create merchants; create, rename and disable their counters.',
  'interconnects:read': 'Read which wallets may pay by another wallet’s code.',
  'interconnects:write': 'Activate and pause such pairs.',
  'ledger:read': 'Read ledger accounts, ledger transactions and balances.',
  'events:read': 'Read events.',
  'events:write': 'Send an event to its endpoints again.',
  'webhook_endpoints:read': 'Read webhook endpoints, never their secrets.',
  'webhook_endpoints:write': 'Create, change and delete webhook endpoints; rotate their secrets.',
  'audit_log:read': 'Read who changed what.',
  'buyers:erase': 'Erase a buyer’s data, and read how far that is.',
});

export type Scope = keyof typeof SCOPES;

/** What a key may be created for: scopes by name, or `*` for all, later ones included. */
export function isScope(name: string): name is Scope | '*' {
  return name === '*' || Object.hasOwn(SCOPES, name);
}

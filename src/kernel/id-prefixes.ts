/**
 * The kinds of ids and their prefixes: openapi.json's patterns and docs/reference/words.md are
 * written from this list. A prefix is part of every stored id, so it never changes and is never
 * reused for another kind.
 */
const kind = <const P extends string>(prefix: P, meaning: string) =>
  Object.freeze({ prefix, meaning, isReference: false });
/** Of reference data, which stands at home whatever shard its id names. */
const reference = <const P extends string>(prefix: P, meaning: string) =>
  Object.freeze({ prefix, meaning, isReference: true });

export const ID_KINDS = Object.freeze({
  marketplace: reference('mkt', 'A marketplace, the owner of everything below.'),
  merchant: reference('mer', 'A seller on the marketplace.'),
  wallet_account: reference('wa', 'A seller’s number at a wallet.'),
  wallet_config: reference(
    'wc',
    'The marketplace’s own account at a wallet, with its credentials.',
  ),
  payment_intent: kind('pi', 'A checkout of one buyer, for one or several merchants.'),
  sub_order: kind('so', 'One merchant’s part of a checkout.'),
  payment_attempt: kind('pa', 'One attempt to pay a checkout with one wallet.'),
  leg: kind('pl', 'One order of an attempt at its wallet.'),
  refund: kind('re', 'Money refunded to the buyer.'),
  escrow: kind('esc', 'A merchant’s money, held until receipt.'),
  transfer: kind('tr', 'Money between a payment and its merchant’s balance.'),
  ledger_transaction: kind('lt', 'One balanced booking in the ledger.'),
  event: kind('evt', 'What happened to an object, as webhooks deliver it.'),
  webhook_endpoint: reference('we', 'Where events are delivered.'),
  delivery: kind('del', 'One event on its way to one endpoint.'),
  api_key: reference('key', 'An API key; not the key itself.'),
  recon_break: kind('rb', 'A difference between a wallet’s bill and the ledger.'),
  counter: reference('ctr', 'A printed code on which the buyer types the amount.'),
  audit_entry: reference('al', 'One row of the audit log.'),
  buyer_erasure: reference('be', 'The erasure of one buyer.'),
});

export function isReferenceKind(kind: keyof typeof ID_KINDS): boolean {
  return ID_KINDS[kind].isReference;
}

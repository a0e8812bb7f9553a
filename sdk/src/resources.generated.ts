/**
 * The nouns of the client, one a file of resources/, and the types that they bring. Written by
 * `npm run openapi`; do not edit.
 */
import { type Attempts, attempts } from './resources/attempts.ts';
import { type AuditLog, auditLog } from './resources/audit-log.ts';
import { type Balances, balances } from './resources/balances.ts';
import { type BuyerErasures, buyerErasures } from './resources/buyer-erasures.ts';
import { type Counters, counters } from './resources/counters.ts';
import { type Events, events } from './resources/events.ts';
import { type Interconnects, interconnects } from './resources/interconnects.ts';
import { type Ledger, ledger } from './resources/ledger.ts';
import { type Merchants, merchants } from './resources/merchants.ts';
import { type PaymentIntents, paymentIntents } from './resources/payment-intents.ts';
import { type Refunds, refunds } from './resources/refunds.ts';
import { type WebhookEndpoints, webhookEndpoints } from './resources/webhook-endpoints.ts';
import type { Transport } from './transport.ts';

export type * from './resources/attempts.ts';
export type * from './resources/audit-log.ts';
export type * from './resources/balances.ts';
export type * from './resources/buyer-erasures.ts';
export type * from './resources/counters.ts';
export type * from './resources/events.ts';
export type * from './resources/interconnects.ts';
export type * from './resources/ledger.ts';
export type * from './resources/merchants.ts';
export type * from './resources/payment-intents.ts';
export type * from './resources/refunds.ts';
export type * from './resources/webhook-endpoints.ts';

export class Resources {
  readonly attempts: Attempts;
  readonly auditLog: AuditLog;
  readonly balances: Balances;
  readonly buyerErasures: BuyerErasures;
  readonly counters: Counters;
  readonly events: Events;
  readonly interconnects: Interconnects;
  readonly ledger: Ledger;
  readonly merchants: Merchants;
  readonly paymentIntents: PaymentIntents;
  readonly refunds: Refunds;
  readonly webhookEndpoints: WebhookEndpoints;

  constructor(transport: Transport) {
    this.attempts = attempts(transport);
    this.auditLog = auditLog(transport);
    this.balances = balances(transport);
    this.buyerErasures = buyerErasures(transport);
    this.counters = counters(transport);
    this.events = events(transport);
    this.interconnects = interconnects(transport);
    this.ledger = ledger(transport);
    this.merchants = merchants(transport);
    this.paymentIntents = paymentIntents(transport);
    this.refunds = refunds(transport);
    this.webhookEndpoints = webhookEndpoints(transport);
  }
}

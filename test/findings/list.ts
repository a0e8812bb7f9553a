/**
 * What reviewers found in the first version (commit b42034b), by the ids that the titles of the
 * tests begin with: D and L of an audit of the money paths (L: its low ones), S of a white-box
 * attack, F of foreign SDKs, B of the pages, T of the tests themselves.
 */

export interface Finding {
  readonly id: string;
  readonly what: string;
  /** The decision that says why it is not mended, where it is not. Never for a high one. */
  readonly declined?: `docs/decisions/${string}.md`;
}

export const DECLINED_MAX = 8;

export const FINDINGS: readonly Finding[] = [
  { id: 'D1', what: 'JD: "not found" called final for a form that never expires' },
  { id: 'D2', what: 'wallet credentials of another account replaced the old ones in place' },
  { id: 'D3', what: 'one payment that cannot be read stopped the sweep of its lane' },
  { id: 'D4', what: 'the memory of payments believed a version number' },
  { id: 'D5', what: 'a refund called failed and then succeeded was dropped in silence' },
  {
    id: 'D6',
    what: 'WeChat Pay code confirmed in the moment of its reversal: booked as never paid',
  },
  { id: 'D7', what: 'sweep: starvation, a hot loop, no fairness between wallets' },
  { id: 'D8', what: 'a wall clock that was ahead silenced every look' },
  { id: 'D9', what: 'conflicts accepted with an overpayment kept the surplus' },
  { id: 'D10', what: 'refund figures that cannot be true were polled for ever or booked' },
  { id: 'D11', what: 'an automatic refund closed again and again never alerted and piled up' },
  { id: 'D12', what: 'splits were promised unchecked' },
  { id: 'D13', what: "what was booked was recomputed by today's code" },
  { id: 'D14', what: 'lists followed by id missed rows' },
  { id: 'D15', what: 'keys forgotten slower than made; look-ups without their shard' },
  { id: 'D16', what: 'a dead process kept its share of the sweep for a minute' },
  { id: 'L1', what: 'a start called failed although a leg of it was paid' },
  { id: 'L2', what: 'a bigint beyond int8 wrapped silently' },
  { id: 'L3', what: 'three figures for one limit' },
  { id: 'L4', what: 'due refunds of an unreadable configuration skipped without a word' },
  { id: 'S1', what: 'signed k=v texts that can be read in two ways' },
  { id: 'S2', what: "a silent name server of one tenant stopped every tenant's look-ups" },
  { id: 'S3', what: 'strangers stopped the process through /notify' },
  { id: 'S4', what: 'webhook endpoints without a limit' },
  { id: 'S5', what: "the cashier's limits answered 503" },
  { id: 'S6', what: 'rate limits bypassed by forged hops, IPv6, failed keys, made-up tokens' },
  { id: 'S7', what: 'bearer capabilities in the log' },
  { id: 'S8', what: 'no audit trail' },
  { id: 'S9', what: 'payment_intent.* accepted and never delivered' },
  { id: 'S10', what: 'the master key could not be rotated' },
  { id: 'S11', what: 'personal data had no end' },
  { id: 'S12', what: 'envelope: tag length, row identity, exact parts' },
  { id: 'S13', what: 'UnionPay 11/12: our own request was a valid callback' },
  { id: 'S14', what: 'test and live keys meant nothing; unknown scopes accepted' },
  { id: 'S15', what: 'plain http accepted silently' },
  { id: 'S16', what: 'headers and cookies' },
  { id: 'S17', what: "the phone's scan fetched any address" },
  { id: 'S18', what: 'PGlite files readable by others' },
  { id: 'S19', what: 'JD keys of 1024 bit; forged serials starved a rotation' },
  { id: 'S20', what: 'no limit of connections' },
  { id: 'S21', what: 'packages that nothing imports, no list of what is shipped' },
  { id: 'F1', what: 'certificates whose serials PHP cannot write in decimal' },
  { id: 'F2', what: 'charset in query and form called an attack' },
  { id: 'F3', what: 'Alipay callbacks that name their certificate; rotation of two' },
  { id: 'F4', what: "UnionPay's undo never notified" },
  { id: 'F5', what: "the wallets' own host names refused at the gateways" },
  { id: 'F6', what: 'JD /service/query refused refunds' },
  { id: 'F7', what: 'smaller differences that foreign SDKs meet' },
  { id: 'B1', what: 'buyers stuck on a dead page before Alipay and QuickPass web' },
  { id: 'B2', what: 'a second tab moved that was not pressed' },
  { id: 'B3', what: 'admin commands unusable beside the demo' },
  { id: 'B4', what: 'doctor called a healthy demo sick' },
  { id: 'B5', what: 'npm start warned of the engine' },
  { id: 'B13', what: 'focus scrolled the page away' },
  { id: 'T1', what: 'npm test failed in a clone that has nothing beside it' },
];

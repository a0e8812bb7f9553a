-- Reference data: small, read often, written by operators.

create table marketplaces (
  id            bigint primary key,
  name          text   not null unique,
  display_name  text   not null,
  created_at    bigint not null
);

create table api_keys (
  id           bigint primary key,
  marketplace  bigint not null references marketplaces (id),
  hash         text   not null unique,
  hint         text   not null,
  scopes       text[] not null,
  version      text   not null,
  created_at   bigint not null,
  revoked_at   bigint
);

create table merchants (
  id           bigint primary key,
  marketplace  bigint not null references marketplaces (id),
  name         text   not null,
  external_id  text,
  created_at   bigint not null,
  unique (marketplace, external_id)
);

create table wallet_configs (
  id           bigint primary key,
  marketplace  bigint not null references marketplaces (id),
  wallet       text   not null,
  sealed       text   not null,
  status       text   not null check (status in ('active', 'paused')),
  created_at   bigint not null,
  unique (marketplace, wallet)
);

create table wallet_accounts (
  id               bigint  primary key,
  marketplace      bigint  not null references marketplaces (id),
  merchant         bigint  not null references merchants (id),
  wallet           text    not null,
  wallet_merchant  text    not null,
  status           text    not null check (status in ('active', 'paused')),
  consented_at     bigint,
  fee_bps          integer not null check (fee_bps between 0 and 10000),
  created_at       bigint  not null,
  unique (merchant, wallet)
);

create table webhook_endpoints (
  id              bigint primary key,
  marketplace     bigint not null references marketplaces (id),
  url             text   not null,
  enabled_events  text[] not null,
  status          text   not null check (status in ('enabled', 'disabled', 'deleted')),
  sealed          text   not null,
  sealed_before   text,
  before_until    bigint,
  created_at      bigint not null
);

create table process_leases (
  number      integer primary key check (number between 0 and 255),
  holder      text    not null,
  expires_at  timestamptz not null
);

-- The engine's own: the last committed batch of each lane of each process. It tells the fate of a
-- batch whose COMMIT was not answered.

create table engine_lanes (
  process   integer not null,
  lane      integer not null,
  batch_id  bigint  not null,
  primary key (process, lane)
) with (fillfactor = 20);

create table idempotency_keys (
  shard        smallint not null,
  marketplace  bigint   not null,
  key          text     not null,
  principal    text     not null,
  method       text     not null,
  path         text     not null,
  body_hash    text     not null,
  target       text     not null,
  state        text     not null check (state in ('in_flight', 'done', 'released')),
  lease_until  bigint   not null,
  status       integer,
  answer       text,
  created_at   bigint   not null,
  primary key (shard, marketplace, key)
) with (fillfactor = 80);

create index idempotency_keys_age on idempotency_keys using brin (created_at);

-- One payment.

create table payment_intents (
  shard              smallint not null,
  id                 bigint   not null,
  marketplace        bigint   not null,
  merchant_order_no  text     not null,
  content_hash       text     not null,
  amount             bigint   not null check (amount > 0),
  currency           text     not null,
  description        text     not null,
  buyer              jsonb    not null,
  status             text     not null,
  version            integer  not null,
  return_url         text,
  metadata           jsonb    not null,
  created_at         bigint   not null,
  expires_at         bigint   not null,
  closing_at         bigint,
  closing_reason     text,
  latest_attempt     bigint,
  succeeded_attempt  bigint,
  amount_received    bigint   not null,
  amount_refunded    bigint   not null check (amount_refunded <= amount_received),
  due_at             bigint,
  token_seed         text     not null,
  primary key (shard, id),
  unique (shard, marketplace, merchant_order_no)
) with (fillfactor = 60);

create index payment_intents_due on payment_intents (due_at) where due_at is not null;
create index payment_intents_list on payment_intents (marketplace, id);

create table sub_orders (
  shard                  smallint not null,
  id                     bigint   not null,
  intent                 bigint   not null,
  merchant               bigint   not null,
  amount                 bigint   not null check (amount > 0),
  refunded               bigint   not null check (refunded between 0 and amount),
  description            text     not null,
  merchant_sub_order_no  text,
  items                  jsonb,
  splits                 jsonb,
  primary key (shard, intent, id)
);

create table payment_attempts (
  shard                  smallint not null,
  id                     bigint   not null,
  intent                 bigint   not null,
  wallet                 text     not null,
  product                text     not null,
  config                 bigint   not null,
  payer_wallet_chosen    text     not null,
  payer_wallet_reported  text,
  status                 text     not null,
  combine_order_no       text,
  next_action            jsonb,
  failure                jsonb,
  created_at             bigint   not null,
  expires_at             bigint   not null,
  closing_at             bigint,
  due_at                 bigint,
  tries                  integer  not null,
  primary key (shard, intent, id)
) with (fillfactor = 70);

create index payment_attempts_due on payment_attempts (due_at) where due_at is not null;

create table payment_legs (
  shard                  smallint not null,
  id                     bigint   not null,
  intent                 bigint   not null,
  attempt                bigint   not null,
  order_no               text     not null,
  wallet_merchant        text     not null,
  merchant               bigint   not null,
  sub_orders             jsonb    not null,
  amount                 bigint   not null check (amount > 0),
  payer_amount           bigint,
  receipt_amount         bigint,
  refunded               bigint   not null check (refunded between 0 and amount),
  status                 text     not null,
  wallet_transaction_id  text,
  paid_at                bigint,
  fee_bps                integer  not null,
  suspense               bigint,
  primary key (shard, intent, id)
) with (fillfactor = 70);

create index payment_legs_transaction on payment_legs (wallet_transaction_id)
  where wallet_transaction_id is not null;

create table refunds (
  shard             smallint not null,
  id                bigint   not null,
  intent            bigint   not null,
  leg               bigint   not null,
  sub_order         bigint,
  amount            bigint   not null check (amount > 0),
  moved             bigint   not null,
  reason            text     not null,
  status            text     not null,
  refund_no         text     not null,
  wallet_refund_id  text,
  mix               jsonb,
  failure           jsonb,
  created_at        bigint   not null,
  due_at            bigint,
  tries             integer  not null,
  primary key (shard, intent, id)
) with (fillfactor = 70);

create index refunds_due on refunds (due_at) where due_at is not null;
create index refunds_id on refunds (shard, id);

create table escrows (
  shard      smallint not null,
  id         bigint   not null,
  intent     bigint   not null,
  sub_order  bigint   not null,
  leg        bigint   not null,
  merchant   bigint   not null,
  wallet     text     not null,
  held       bigint   not null check (held >= 0),
  status     text     not null,
  due_at     bigint,
  primary key (shard, intent, id)
) with (fillfactor = 80);

create index escrows_due on escrows (due_at) where due_at is not null;

-- What wallets told us: one row a message, however often it is delivered.

create table notifications (
  shard            smallint not null,
  intent           bigint   not null,
  wallet           text     not null,
  notification_id  text     not null,
  received_at      bigint   not null,
  primary key (shard, intent, wallet, notification_id)
);

-- The books.

create table ledger_transactions (
  shard        smallint not null,
  id           bigint   not null,
  marketplace  bigint   not null,
  intent       bigint,
  moment       text     not null,
  currency     text     not null,
  created_at   bigint   not null,
  primary key (shard, id)
);

create index ledger_transactions_list on ledger_transactions (marketplace, id);
create index ledger_transactions_intent on ledger_transactions (shard, intent);

create table ledger_entries (
  shard        smallint not null,
  transaction  bigint   not null,
  line         smallint not null,
  account      text     not null,
  debit        bigint   not null check (debit >= 0),
  credit       bigint   not null check (credit >= 0),
  primary key (shard, transaction, line)
);

create table ledger_balances (
  shard        smallint not null,
  marketplace  bigint   not null,
  account      text     not null,
  currency     text     not null,
  slot         smallint not null,
  debit        bigint   not null,
  credit       bigint   not null,
  primary key (shard, marketplace, account, currency, slot)
) with (fillfactor = 50);

-- What the marketplace's own systems are told.

create table events (
  shard           smallint not null,
  id              bigint   not null,
  marketplace     bigint   not null,
  type            text     not null,
  object_id       text     not null,
  object_version  integer  not null,
  object          jsonb    not null,
  created_at      bigint   not null,
  primary key (shard, id)
);

create index events_list on events (marketplace, id);

create table deliveries (
  shard        smallint not null,
  event        bigint   not null,
  endpoint     bigint   not null,
  status       text     not null check (status in ('pending', 'delivered', 'failed')),
  tries        integer  not null,
  due_at       bigint,
  last_status  integer,
  last_error   text,
  created_at   bigint   not null,
  primary key (shard, event, endpoint)
) with (fillfactor = 70);

create index deliveries_due on deliveries (due_at) where due_at is not null;

-- Merchants are read by key: which of them changed, and in which transaction, for the caches.

create table merchant_changes (
  txid      xid8   not null default pg_current_xact_id(),
  merchant  bigint not null,
  at        timestamptz not null default now()
);
create index merchant_changes_txid on merchant_changes (txid);

create index merchants_list on merchants (marketplace, id);

-- Who changed what of the reference data and of decided conflicts. Rows are only added; the hashes
-- are set once, when a row is sealed into its chain.

create table audit_log (
  id               bigint primary key,
  marketplace      bigint not null,
  at               bigint not null,
  actor            text   not null,
  action           text   not null,
  object           text   not null,
  before           text,
  after            text,
  txid             xid8   not null default pg_current_xact_id(),
  sequence         bigint,
  previous_sha256  text,
  sha256           text,
  unique (marketplace, sequence),
  check ((sequence is null) = (sha256 is null)),
  check ((sequence is null) = (previous_sha256 is null))
);

create index audit_log_list on audit_log (marketplace, id);
create index audit_log_open on audit_log (txid, id) where sequence is null;

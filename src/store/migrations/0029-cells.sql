-- Cells: which database holds which shard. The home keeps the map, each cell the epoch under which
-- it takes batches.
create table cells (
  name         text   primary key check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
  -- The setting that has its address; null = in the home's database.
  url_setting  text,
  -- Its schema there; null = what the address leads to.
  schema       text,
  epoch        bigint not null,
  created_at   bigint not null
);

insert into cells (name, epoch, created_at) values ('home', 0, 0);

-- Shards that are not at home.
create table cell_shards (
  shard   smallint primary key check (shard between 0 and 255),
  cell    text     not null references cells (name)
);

-- Moves that are not finished. While a shard is fenced, neither cell takes batches of it.
create table cell_moves (
  shard       smallint primary key check (shard between 0 and 255),
  source      text     not null references cells (name),
  target      text     not null references cells (name),
  stage       text     not null check (stage in ('copying', 'copied', 'fenced', 'moved')),
  -- Who is at it, and when that was last said.
  mover       text     not null,
  renewed_at  timestamptz not null
);

-- In a cell that shards are moved from: the rows that have changed since they were copied.
create table cell_changes (
  number  bigint generated always as identity primary key,
  tbl     text  not null,
  key     jsonb not null
);

create table cell_map (version bigint not null);
insert into cell_map (version) values (0);

-- The name is what the home calls it, once it does; the mover is who may copy and drop here.
create table cell_epoch (epoch bigint not null, name text, mover text);
insert into cell_epoch (epoch) values (0);

-- Grows with every change, so that an older copy never takes a newer one's place.
alter table webhook_endpoints add column revision bigint not null default 0;

-- The version of the map that a process goes by; null = a version of before, which knows none.
alter table process_leases add column map_version bigint;

-- Pages of accounts are merged from several cells: in one order, whatever language each has.
drop index ledger_balances_accounts;
create index ledger_balances_accounts on ledger_balances (marketplace, account collate "C");

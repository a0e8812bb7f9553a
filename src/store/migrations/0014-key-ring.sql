-- Master keys by name, the data keys sealed under them, and which process holds which.

create table master_keys (
  kid         text    primary key check (kid ~ '^[0-9a-f]{8}$'),
  status      text    not null check (status in ('new', 'current', 'old', 'retired')),
  is_origin   boolean not null,
  created_at  bigint  not null,
  current_at  bigint,
  old_at      bigint,
  retired_at  bigint
);

create unique index master_keys_current on master_keys (status) where status = 'current';
create unique index master_keys_new on master_keys (status) where status = 'new';
create unique index master_keys_origin on master_keys (is_origin) where is_origin;

create table data_keys (
  kid          text    primary key,
  marketplace  bigint  references marketplaces (id),
  purpose      text    not null check (purpose in ('seal', 'idempotency')),
  sealed       text    not null,
  is_current   boolean not null,
  created_at   bigint  not null
);

create unique index data_keys_current on data_keys (coalesce(marketplace, 0), purpose)
  where is_current;

create table process_keys (
  process      integer primary key,
  holder       text    not null,
  kids         text[]  not null,
  current_kid  text    not null
);

create table counters (
  id           bigint primary key,
  marketplace  bigint not null references marketplaces (id),
  merchant     bigint not null references merchants (id),
  name         text   not null,
  token        text   not null unique,
  status       text   not null check (status in ('enabled', 'disabled')),
  created_at   bigint not null,
  unique (merchant, name)
);

-- The end of what is known of a buyer: a marketplace's erasures, and how far the retention has come.

create table buyer_erasures (
  id           bigint   primary key,
  marketplace  bigint   not null,
  -- SHA-256 of marketplace and buyer: the erasure itself keeps nobody's name.
  buyer_hash   bytea    not null,
  stage        text     not null check (stage in ('intents', 'events', 'done')),
  shard        smallint not null,
  up_to        bigint   not null,
  intents      bigint   not null,
  created_at   bigint   not null,
  finished_at  bigint
);

create index buyer_erasures_running on buyer_erasures (id) where stage <> 'done';

create table buyer_retention (
  stage  text     not null check (stage in ('intents', 'events')),
  shard  smallint not null,
  up_to  bigint   not null,
  primary key (stage, shard)
);

insert into buyer_retention (stage, shard, up_to)
select stage, shard, 0 from unnest(array['intents', 'events']) stage, generate_series(0, 255) shard;

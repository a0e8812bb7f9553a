-- Idempotency keys by the day in which they were first used: an old day is dropped whole.

-- Processes of the version before look for a key in one day only: they end at their next batch.
delete from process_leases;

-- What there is so far is day 0, which is open until a process of this version opens today.
alter table idempotency_keys rename to idempotency_keys_0;
drop index idempotency_keys_age;
alter table idempotency_keys_0 drop constraint idempotency_keys_pkey,
  add column day integer not null default 0;
alter table idempotency_keys_0 alter column day drop default;

create table idempotency_keys (like idempotency_keys_0 including all excluding constraints)
  partition by range (day);
alter table idempotency_keys add primary key (shard, marketplace, key, day),
  add constraint idempotency_keys_state_check
    check (state in ('in_flight', 'done', 'released'));
alter table idempotency_keys attach partition idempotency_keys_0 for values from (0) to (1);

create table idempotency_days (
  day        integer primary key,
  opened_at  bigint not null,
  -- New keys go to the day that has none.
  closed_at  bigint
);
create unique index idempotency_days_open on idempotency_days ((closed_at is null))
  where closed_at is null;
insert into idempotency_days (day, opened_at)
values (0, (extract(epoch from clock_timestamp()) * 1000)::bigint);

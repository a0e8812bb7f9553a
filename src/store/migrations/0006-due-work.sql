-- Due work is read by wallet configuration, and a row whose claim fails is put off beside its payment.

create table due_backoffs (
  kind      text     not null,
  shard     smallint not null,
  id        bigint   not null,
  part      bigint   not null,
  failures  integer  not null,
  retry_at  bigint   not null,
  primary key (kind, shard, id, part)
);

-- Whose wallet a refund is told to; 0 = its row was written before this column was.
alter table refunds add column config bigint not null default 0;
update refunds r set config = a.config
  from payment_legs l join payment_attempts a
    on a.shard = l.shard and a.intent = l.intent and a.id = l.attempt
  where r.due_at is not null and l.shard = r.shard and l.intent = r.intent and l.id = r.leg;

drop index payment_attempts_due;
create index payment_attempts_due on payment_attempts (config, due_at, id) where due_at is not null;
drop index refunds_due;
create index refunds_due on refunds (config, due_at, id) where due_at is not null;

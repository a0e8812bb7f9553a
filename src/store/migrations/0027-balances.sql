-- The balance of a merchant's account at a wallet is a root of its own; between it and the payments
-- money travels as transfers, each applied once.

-- Nothing of an earlier version may be in flight, or go on: it would release and refund as before.
lock table process_leases, id_floor, engine_lanes in exclusive mode;
delete from process_leases;
-- Ids of a lane's last batch lie above the batch's own number: whoever gets it begins later.
update engine_lanes set floor = greatest(floor, batch_id) + (5000::bigint << 23);

create table merchant_balances (
  shard        smallint not null,
  id           bigint   not null,
  marketplace  bigint   not null,
  merchant     bigint   not null,
  wallet       text     not null,
  currency     text     not null,
  version      integer  not null,
  available    bigint   not null check (available >= 0),
  owed         bigint   not null check (owed >= 0),
  primary key (shard, id)
) with (fillfactor = 50);

-- What was applied to a balance, by the id of the transfer or of the line of a bill.
create table balance_movements (
  shard       smallint not null,
  balance     bigint   not null,
  id          text     not null,
  outcome     text     not null check (outcome in ('applied', 'refused')),
  available   bigint   not null,
  owed        bigint   not null,
  created_at  bigint   not null,
  primary key (shard, balance, id)
);

create table transfers (
  shard           smallint not null,
  id              bigint   not null,
  marketplace     bigint   not null,
  intent          bigint   not null,
  kind            text     not null check (kind in ('release', 'reserve', 'charge', 'give_back')),
  source          text     not null,
  wallet_account  bigint   not null,
  merchant        bigint   not null,
  wallet          text     not null,
  currency        text     not null,
  amount          bigint   not null check (amount > 0),
  shortfall       text     not null check (shortfall in ('wait', 'refuse', 'advance')),
  after_transfer  bigint,
  status          text     not null check (status in ('owed', 'applied')),
  created_at      bigint   not null,
  settled_at      bigint,
  due_at          bigint,
  tries           integer  not null,
  primary key (shard, id)
) with (fillfactor = 80);

create index transfers_due on transfers (due_at, id) where due_at is not null;
create index transfers_in_transit on transfers (marketplace) where due_at is not null;

alter table refunds add column awaits_balance boolean not null default false;

-- What was settled straight to merchants stood in its payments, beside what was advanced there.
create temporary table advanced on commit drop as
  select r.shard, r.intent, r.leg, r.sub_order, sum((r.mix ->> 'owed')::bigint)::bigint as owed
  from refunds r where r.mix is not null and r.status <> 'failed'
  group by r.shard, r.intent, r.leg, r.sub_order
  having sum((r.mix ->> 'owed')::bigint) <> 0;

create temporary table balances on commit drop as
  select i.marketplace, e.merchant, e.wallet, e.wallet_account,
    sum(case when e.status = 'released' then e.held else 0 end)::bigint as available,
    sum(coalesce(r.owed, 0))::bigint as owed
  from escrows e
  join payment_intents i on i.shard = e.shard and i.id = e.intent
  left join advanced r on r.shard = e.shard and r.intent = e.intent and r.leg = e.leg
    and r.sub_order = e.sub_order
  where e.status = 'released' or r.owed <> 0
  group by i.marketplace, e.merchant, e.wallet, e.wallet_account;

-- The home shard is the first byte of a hash over the ids as they are written: prefix and base32.
insert into merchant_balances
  (shard, id, marketplace, merchant, wallet, currency, version, available, owed)
select get_byte(sha256(convert_to('mkt_' || m.body, 'UTF8') || '\x00'::bytea
    || convert_to('mer_' || s.body, 'UTF8')), 0),
  b.wallet_account, b.marketplace, b.merchant, b.wallet, 'cny', 1, b.available, b.owed
from balances b
cross join lateral (
  select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ',
      ((b.marketplace >> (60 - 5 * n)) & 31)::integer + 1, 1), '' order by n) as body
  from generate_series(0, 12) n) m
cross join lateral (
  select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ',
      ((b.merchant >> (60 - 5 * n)) & 31)::integer + 1, 1), '' order by n) as body
  from generate_series(0, 12) n) s;

-- A merchant with a balance owes nothing: what is available there repays what was advanced.
create temporary table recovered on commit drop as
select b.shard, b.id as wallet_account, b.marketplace, b.currency, clock.now_ms,
  least(b.available, b.owed) as amount,
  row_number() over (partition by b.shard order by b.id) - 1 as place,
  (select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ',
      ((b.id >> (60 - 5 * n)) & 31)::integer + 1, 1), '' order by n)
    from generate_series(0, 12) n) as body
from merchant_balances b
cross join (select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms) clock
where least(b.available, b.owed) > 0;
update merchant_balances b set available = b.available - r.amount, owed = b.owed - r.amount
from recovered r where b.shard = r.shard and b.id = r.wallet_account;

-- Ids of what is booked lie above every id that was committed or that a reader has seen: the first
-- 40 bits of an id are milliseconds since 2025.
alter table recovered add column id bigint;
update recovered set id = (((greatest(
    (now_ms - 1735689600000) << 23,
    (select floor from id_floor),
    (select max(greatest(batch_id, floor)) from engine_lanes),
    (select max(newest.id) from generate_series(0, 255) s cross join lateral
      (select t.id from ledger_transactions t where t.shard = s order by t.id desc limit 1) newest)
  ) >> 23) + 2 + place / 32768) << 23) | (shard::bigint << 15) | (place % 32768);
insert into ledger_transactions
  (shard, id, marketplace, intent, moment, currency, created_at, object, occurred_at)
select shard, id, marketplace, null, 'advance_recovered', currency, now_ms, 'wa_' || body, now_ms
from recovered;
insert into ledger_entries (shard, transaction, line, account, debit, credit)
select shard, id, 0, 'wallet_account:wa_' || body || ':available', amount, 0 from recovered
union all
select shard, id, 1, 'wallet_account:wa_' || body || ':owed', 0, amount from recovered;
insert into ledger_balances
  (shard, marketplace, account, currency, slot, config, debit, credit)
select shard, marketplace, 'wallet_account:wa_' || body || ':available', currency, 0, 0, amount, 0
from recovered
union all
select shard, marketplace, 'wallet_account:wa_' || body || ':owed', currency, 0, 0, 0, amount
from recovered
on conflict (shard, marketplace, account, currency, slot, config)
do update set debit = ledger_balances.debit + excluded.debit,
  credit = ledger_balances.credit + excluded.credit;
-- Whatever is committed from now on has a greater id: followers miss nothing and nothing overtakes.
update id_floor set floor = greatest(floor,
  (select (((max(id) >> 23) + 1) << 23) - 1 from recovered));
update engine_lanes set floor = greatest(floor, (select floor from id_floor));

-- An escrow holds what is in escrow, and nothing else.
alter table escrows drop constraint escrows_figures_check;
alter table escrows add column returned_from_balance bigint not null default 0;
alter table escrows add column release bigint;
-- What was returned of it after its release came from the balance: also what no allocation says,
-- where the wallet moved another amount of an overpayment than was expected.
update escrows set held = 0, returned_from_balance = returned where status = 'released';
update escrows e set
  returned = e.returned + r.owed,
  returned_from_balance = e.returned_from_balance + r.owed
from advanced r
where r.shard = e.shard and r.intent = e.intent and r.leg = e.leg and r.sub_order = e.sub_order;
alter table escrows add constraint escrows_figures_check
  check (paid - fee = held + released + returned - returned_from_balance) not valid;

update refunds set mix = jsonb_build_object('escrow', mix -> 'escrow', 'fee', mix -> 'fee',
  'balance', ((mix ->> 'available')::bigint + (mix ->> 'owed')::bigint)::text)
where mix is not null;

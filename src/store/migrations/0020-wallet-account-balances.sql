-- Money is booked to the merchant's account at a wallet, no longer to merchant and wallet. Ledger
-- transactions name their object and the wallet's moment, shared accounts' entries their
-- configuration, refunds when they settled; every amount has a currency.

-- No batch is in flight, and none of a running process begins: it has lost its number.
lock table process_leases, id_floor, engine_lanes in exclusive mode;
delete from process_leases;

alter table payment_legs add column wallet_account bigint;
alter table payment_legs add column currency text not null default 'cny';
alter table refunds add column currency text not null default 'cny';
alter table refunds add column settled_at bigint;
alter table escrows add column wallet_account bigint;
alter table escrows add column currency text not null default 'cny';
alter table payment_legs alter column currency drop default;
alter table refunds alter column currency drop default;
alter table escrows alter column currency drop default;
alter table ledger_transactions add column object text;
alter table ledger_transactions add column occurred_at bigint;
alter table ledger_entries add column config bigint;
alter table ledger_balances add column config bigint not null default 0;

-- An id as text, and its number: 13 digits of five bits.
create function pg_temp.id_text(prefix text, id bigint) returns text
  language sql immutable as $$ select prefix || '_'
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 60) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 55) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 50) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 45) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 40) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 35) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 30) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 25) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 20) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 15) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 10) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 5) & 31)::integer + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> 0) & 31)::integer + 1, 1) $$;
create function pg_temp.id_number(id text) returns bigint
  language sql immutable as $$ select sum((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ',
      substr(right(id, 13), place, 1)) - 1)::bigint << (5 * (13 - place)))::bigint
    from generate_series(1, 13) place $$;
create function pg_temp.is_shared(account text) returns boolean
  language sql immutable as $$ select account like 'wallet:%'
    or account in ('buyer:refund_due', 'suspense', 'marketplace:absorbed') $$;

-- Ids of what is made here lie above every id that was committed or that a reader has seen: the
-- first 40 bits of an id are milliseconds since 2025.
create temporary table start on commit drop as
select now_ms, greatest(
  ((now_ms - 1735689600000) << 23),
  (select floor from id_floor),
  (select max(greatest(batch_id, floor)) from engine_lanes),
  (select max(newest.id) from generate_series(0, 255) s cross join lateral
    (select id from ledger_transactions where shard = s order by id desc limit 1) newest)
) >> 23 as ms
from (select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms) clock;

-- ---------------------------------------------------------------- Who was paid

create temporary table parts on commit drop as
select l.shard, l.intent, l.id as leg, place, part, a.wallet, a.config, a.created_at,
  pg_temp.id_number(part ->> 'merchant') as merchant,
  part ->> 'wallet_merchant' as number, (part ->> 'fee_bps')::integer as fee_bps
from payment_legs l
join payment_attempts a on a.shard = l.shard and a.intent = l.intent and a.id = l.attempt
cross join lateral jsonb_array_elements(l.parts) with ordinality as listed (part, place)
where l.parts is not null;

-- Numbers that were overwritten in place (before 0008) get their account back, closed. Its id is
-- that of the oldest leg that was paid to it: all kinds of ids come from one source.
insert into wallet_accounts (id, marketplace, merchant, wallet, wallet_merchant, status,
  consented_at, fee_bps, created_at, wallet_config)
select case when is_part then ((ms + 1) << 23) + row_number() over (order by leg, merchant)
    else leg end,
  marketplace, merchant, wallet, number, 'closed', null, fee_bps, created_at,
  (select c.id from wallet_configs c where c.id = config)
from start cross join (
  select distinct on (merchant, wallet, number) i.marketplace, paid_to.*
  from (
    select l.shard, l.intent, l.id as leg, false as is_part, l.merchant, a.wallet,
      l.wallet_merchant as number, l.fee_bps, a.config, a.created_at
    from payment_legs l
    join payment_attempts a on a.shard = l.shard and a.intent = l.intent and a.id = l.attempt
    where l.merchant is not null
    union all
    select shard, intent, leg, true, merchant, wallet, number, fee_bps, config, created_at
    from parts
  ) paid_to
  join payment_intents i on i.shard = paid_to.shard and i.id = paid_to.intent
  where not exists (select from wallet_accounts w where w.merchant = paid_to.merchant
    and w.wallet = paid_to.wallet and w.wallet_merchant = paid_to.number)
  order by merchant, wallet, number, leg
) former;

update payment_legs l set wallet_account = w.id
from payment_attempts a, wallet_accounts w
where a.shard = l.shard and a.intent = l.intent and a.id = l.attempt
  and w.merchant = l.merchant and w.wallet = a.wallet and w.wallet_merchant = l.wallet_merchant;
alter table payment_legs add constraint payment_legs_wallet_account_check
  check ((wallet_account is null) = (merchant is null)) not valid;

update payment_legs l set parts = named.parts
from (
  select p.shard, p.intent, p.leg, jsonb_agg(p.part
    || jsonb_build_object('wallet_account', pg_temp.id_text('wa', w.id)) order by p.place) as parts
  from parts p
  join wallet_accounts w on w.merchant = p.merchant and w.wallet = p.wallet
    and w.wallet_merchant = p.number
  group by p.shard, p.intent, p.leg
) named
where named.shard = l.shard and named.intent = l.intent and named.leg = l.id;

update escrows e set wallet_account = l.wallet_account
from payment_legs l
where l.shard = e.shard and l.intent = e.intent and l.id = e.leg and l.wallet_account is not null;
update escrows e set wallet_account = w.id
from parts p
join wallet_accounts w on w.merchant = p.merchant and w.wallet = p.wallet
  and w.wallet_merchant = p.number
where p.shard = e.shard and p.intent = e.intent and p.leg = e.leg and p.merchant = e.merchant;
alter table escrows alter column wallet_account set not null;

-- ---------------------------------------------------------------- What each transaction books

-- Its figures: what came into the wallet, out of suspense, and what became due to the buyer.
create temporary table booked on commit drop as
select t.shard, t.id, t.intent, t.moment, t.created_at,
  max(case when e.account like 'wallet:%' then split_part(e.account, ':', 2)
    when e.account like 'merchant:%:%:%' then split_part(e.account, ':', 3) end) as wallet,
  sum(case when e.account like 'wallet:%:clearing' then e.debit - e.credit else 0 end)::bigint
    as cleared,
  sum(case when e.account = 'suspense' then e.debit - e.credit else 0 end)::bigint as suspended,
  sum(case when e.account = 'buyer:refund_due' then e.credit - e.debit else 0 end)::bigint as due
from ledger_transactions t
join ledger_entries e on e.shard = t.shard and e.transaction = t.id
where t.intent is not null
group by t.shard, t.id;

create temporary table objects (
  shard smallint, id bigint, leg bigint, refund bigint, unique (shard, id)
) on commit drop;

-- Of a payment with one leg, or one refund, there is nothing to choose from.
insert into objects
select b.shard, b.id, l.leg, null from booked b
join (select shard, intent, min(id) as leg from payment_legs
  group by shard, intent having count(*) = 1) l on l.shard = b.shard and l.intent = b.intent
where b.moment like 'paid%' or b.moment like 'conflict%';
insert into objects
select b.shard, b.id, l.leg, l.refund from booked b
join (select shard, intent, min(id) as refund, min(leg) as leg from refunds
  group by shard, intent having count(*) = 1) l on l.shard = b.shard and l.intent = b.intent
where b.moment like 'refund%';

-- Those that are left, and what they may be of.
create temporary table open_bookings on commit drop as
select b.* from booked b
where not exists (select from objects o where o.shard = b.shard and o.id = b.id);
create temporary table open_payments on commit drop as
select distinct shard, intent from open_bookings;

-- The n-th leg that counts, in the n-th booking, if the receipt is its own.
insert into objects
select b.shard, b.id, l.id, null
from (
  select o.*, row_number() over (partition by shard, intent order by id) as place
  from open_bookings o where moment in ('paid', 'conflict_accepted')
) b
join (
  select l.shard, l.intent, l.id, coalesce(l.receipt_amount, l.amount) as receipt,
    row_number() over (partition by l.shard, l.intent order by l.id) as place
  from payment_legs l join open_payments p on p.shard = l.shard and p.intent = l.intent
  where coalesce(l.receipt_amount, l.amount) > 0 and exists (select from escrows e
    where e.shard = l.shard and e.intent = l.intent and e.leg = l.id)
) l on l.shard = b.shard and l.intent = b.intent and l.place = b.place
  and l.receipt = b.cleared + b.suspended;

-- What did not count was refunded in the same decision, at the same moment.
insert into objects
select b.shard, b.id, r.leg, null
from (
  select o.*, row_number() over like_it as place, count(*) over (like_it rows between
    unbounded preceding and unbounded following) as many
  from open_bookings o where moment in ('paid_superseded', 'conflict_superseded')
  window like_it as (partition by shard, intent, created_at, due order by id)
) b
join (
  select r.*, row_number() over like_it as place, count(*) over (like_it rows between
    unbounded preceding and unbounded following) as many
  from refunds r
  join open_payments p on p.shard = r.shard and p.intent = r.intent
  join payment_legs l on l.shard = r.shard and l.intent = r.intent and l.id = r.leg
  where r.sub_order is null and l.status = 'superseded'
  window like_it as (partition by r.shard, r.intent, r.created_at, r.moved order by r.id)
) r on r.shard = b.shard and r.intent = b.intent and r.created_at = b.created_at
  and r.moved = b.due and r.place = b.place and r.many = b.many;

-- What went into suspense is there, or is known by how it came out.
insert into objects
select b.shard, b.id, l.leg, null
from (
  select o.*, row_number() over like_it as place, count(*) over (like_it rows between
    unbounded preceding and unbounded following) as many
  from open_bookings o where moment = 'paid_conflicted'
  window like_it as (partition by shard, intent, cleared order by id)
) b
join (
  select s.*, row_number() over like_it as place, count(*) over (like_it rows between
    unbounded preceding and unbounded following) as many
  from (
    select l.shard, l.intent, l.id as leg, l.suspense as figure
    from payment_legs l join open_payments p on p.shard = l.shard and p.intent = l.intent
    where l.suspense is not null
    union all
    select b.shard, b.intent, o.leg, b.suspended
    from open_bookings b join objects o on o.shard = b.shard and o.id = b.id
    where b.moment like 'conflict%'
  ) s
  window like_it as (partition by shard, intent, figure order by leg)
) l on l.shard = b.shard and l.intent = b.intent and l.figure = b.cleared and l.place = b.place
  and l.many = b.many;

-- A refund is reserved when it is made; it ends with its own figure, in the order of their making.
create temporary table open_refunds on commit drop as
select r.shard, r.intent, r.id, r.leg, r.status, r.created_at, r.moved, r.sub_order, a.wallet,
  (r.mix ->> 'escrow')::bigint + (r.mix ->> 'fee')::bigint + (r.mix ->> 'available')::bigint
    + (r.mix ->> 'owed')::bigint as reserved
from refunds r
join open_payments p on p.shard = r.shard and p.intent = r.intent
join payment_legs l on l.shard = r.shard and l.intent = r.intent and l.id = r.leg
join payment_attempts a on a.shard = r.shard and a.intent = r.intent and a.id = l.attempt;

insert into objects
select b.shard, b.id, r.leg, r.refund
from (
  select shard, intent, created_at, min(id) as id from open_bookings
  where moment = 'refund_reserved' group by shard, intent, created_at having count(*) = 1
) b
join (
  select shard, intent, created_at, min(id) as refund, min(leg) as leg from open_refunds
  where reserved is not null group by shard, intent, created_at having count(*) = 1
) r on r.shard = b.shard and r.intent = b.intent and r.created_at = b.created_at;

insert into objects
select b.shard, b.id, r.leg, r.id
from (
  select o.*, row_number() over like_it as place, count(*) over (like_it rows between
    unbounded preceding and unbounded following) as many
  from (
    select *, abs(due) as figure, case moment when 'refund_reserved' then created_at end as at
    from open_bookings where due <> 0
      and moment in ('refund_reserved', 'refund_succeeded', 'refund_failed')
  ) o
  window like_it as (partition by shard, intent, moment, figure, at order by id)
) b
join (
  select e.*, row_number() over like_it as place, count(*) over (like_it rows between
    unbounded preceding and unbounded following) as many
  from (
    select r.*, 'refund_reserved' as moment, reserved as figure, created_at as at
    from open_refunds r where reserved is not null
    union all
    select r.*, 'refund_succeeded', moved, null from open_refunds r where status = 'succeeded'
    union all
    select r.*, 'refund_failed', reserved, null from open_refunds r where status = 'failed'
  ) e
  window like_it as (partition by shard, intent, moment, figure, at order by id)
) r on r.shard = b.shard and r.intent = b.intent and r.moment = b.moment and r.figure = b.figure
  and r.at is not distinct from b.at and r.place = b.place and r.many = b.many
on conflict do nothing;

update ledger_transactions t set
  object = case when o.refund is not null then pg_temp.id_text('re', o.refund)
    when o.leg is not null then pg_temp.id_text('pl', o.leg) end,
  occurred_at = case when b.moment like 'paid%' then coalesce(l.paid_at, t.created_at)
    else t.created_at end
from booked b
left join objects o on o.shard = b.shard and o.id = b.id
left join payment_legs l on l.shard = b.shard and l.intent = b.intent and l.id = o.leg
where b.shard = t.shard and b.id = t.id;
update ledger_transactions set occurred_at = created_at where occurred_at is null;
alter table ledger_transactions alter column occurred_at set not null;
create index ledger_transactions_object on ledger_transactions (shard, object);

-- Until now nobody kept when a wallet paid a refund: it is when we heard of it.
update refunds r set settled_at = b.created_at
from booked b join objects o on o.shard = b.shard and o.id = b.id
where b.moment = 'refund_succeeded' and b.due < 0
  and r.shard = b.shard and r.intent = b.intent and r.id = o.refund and r.status = 'succeeded';

-- ---------------------------------------------------------------- Through which configuration

-- That of its leg's attempt; else the only one of its wallet that the payment was tried through.
update ledger_entries e set config = c.config
from (
  select b.shard, b.id, coalesce(a.config, one.config) as config
  from booked b
  left join objects o on o.shard = b.shard and o.id = b.id
  left join payment_legs l on l.shard = b.shard and l.intent = b.intent and l.id = o.leg
  left join payment_attempts a on a.shard = b.shard and a.intent = b.intent and a.id = l.attempt
  left join (select shard, intent, wallet, min(config) as config from payment_attempts
    group by shard, intent, wallet having min(config) = max(config)) one
    on one.shard = b.shard and one.intent = b.intent and one.wallet = b.wallet
) c
where e.shard = c.shard and e.transaction = c.id and c.config is not null
  and pg_temp.is_shared(e.account);

create temporary table shared on commit drop as
select shard, marketplace, account, currency, sum(debit)::bigint as debit,
  sum(credit)::bigint as credit
from ledger_balances where pg_temp.is_shared(account)
group by shard, marketplace, account, currency;
create temporary table by_config on commit drop as
select e.shard, t.marketplace, e.account, t.currency, e.config, sum(e.debit)::bigint as debit,
  sum(e.credit)::bigint as credit
from ledger_entries e
join ledger_transactions t on t.shard = e.shard and t.id = e.transaction
where e.config is not null
group by e.shard, t.marketplace, e.account, t.currency, e.config;

delete from ledger_balances where pg_temp.is_shared(account);
alter table ledger_balances drop constraint ledger_balances_pkey;
alter table ledger_balances
  add primary key (shard, marketplace, account, currency, slot, config);
insert into ledger_balances
  (shard, marketplace, account, currency, slot, config, debit, credit)
select shard, marketplace, account, currency, 0, config, debit, credit from by_config
union all
-- What is of no known configuration: together they are what they were.
select s.shard, s.marketplace, s.account, s.currency, 0, 0, s.debit - coalesce(known.debit, 0),
  s.credit - coalesce(known.credit, 0)
from shared s
left join (
  select shard, marketplace, account, currency, sum(debit)::bigint as debit,
    sum(credit)::bigint as credit
  from by_config group by shard, marketplace, account, currency
) known on known.shard = s.shard and known.marketplace = s.marketplace
  and known.account = s.account and known.currency = s.currency
where (s.debit, s.credit) <> (coalesce(known.debit, 0), coalesce(known.credit, 0));

-- ---------------------------------------------------------------- Balances by wallet account

-- Credits are positive. Where a merchant has one account at a wallet, the whole is its own.
create temporary table former_balances on commit drop as
select shard, marketplace, currency, account, sum(credit - debit)::bigint as net
from ledger_balances where account like 'merchant:%'
group by shard, marketplace, currency, account;
create temporary table sole on commit drop as
select 'merchant:' || pg_temp.id_text('mer', merchant) || ':' || wallet || kind as account,
  min(id) as wallet_account
from wallet_accounts cross join (values (':escrow'), (':available')) kinds (kind)
group by merchant, wallet, kind having count(*) = 1
union all
select 'merchant:' || pg_temp.id_text('mer', merchant) || ':owed', min(id)
from wallet_accounts group by merchant having count(*) = 1;

-- Of several, each what its escrows hold and its standing refunds owe.
create temporary table reckoned on commit drop as
select e.shard, i.marketplace, e.currency, e.wallet_account, 'merchant:'
    || pg_temp.id_text('mer', e.merchant) || ':' || e.wallet
    || case e.status when 'released' then ':available' else ':escrow' end as account,
  sum(e.held)::bigint as net
from escrows e join payment_intents i on i.shard = e.shard and i.id = e.intent
where e.held <> 0
group by e.shard, i.marketplace, e.currency, e.wallet_account, e.merchant, e.wallet,
  case e.status when 'released' then ':available' else ':escrow' end
union all
select e.shard, i.marketplace, e.currency, e.wallet_account,
  'merchant:' || pg_temp.id_text('mer', e.merchant) || ':owed',
  -sum((r.mix ->> 'owed')::bigint)::bigint
from refunds r
join escrows e on e.shard = r.shard and e.intent = r.intent and e.leg = r.leg
  and e.sub_order = r.sub_order
join payment_intents i on i.shard = r.shard and i.id = r.intent
where r.status <> 'failed' and (r.mix ->> 'owed')::bigint <> 0
group by e.shard, i.marketplace, e.currency, e.wallet_account, e.merchant;

create temporary table moves on commit drop as
select f.shard, f.marketplace, f.currency, f.account,
  coalesce(s.wallet_account, r.wallet_account) as wallet_account,
  case when s.wallet_account is not null then f.net else r.net end as net
from former_balances f
left join sole s on s.account = f.account
left join reckoned r on s.wallet_account is null and r.shard = f.shard
  and r.marketplace = f.marketplace and r.currency = f.currency and r.account = f.account
where case when s.wallet_account is not null then f.net else r.net end <> 0;

-- One transaction a shard and former account; ids as every id is made.
create temporary table transactions on commit drop as
select shard, marketplace, currency, account, net, many, wallet_account,
  ((start.ms + 2 + place / 32768) << 23) | (shard::bigint << 15) | (place % 32768) as id
from start cross join (
  select shard, marketplace, currency, account, sum(net)::bigint as net, count(*) as many,
    min(wallet_account) as wallet_account,
    row_number() over (partition by shard order by marketplace, currency, account) - 1 as place
  from moves group by shard, marketplace, currency, account
) moved;
create temporary table lines on commit drop as
select shard, id, 0 as line, marketplace, currency, account, -net as net from transactions
union all
select m.shard, t.id, row_number() over (partition by m.shard, t.id order by m.wallet_account),
  m.marketplace, m.currency, 'wallet_account:' || pg_temp.id_text('wa', m.wallet_account)
    || substring(m.account from ':[a-z]+$'), m.net
from moves m
join transactions t on t.shard = m.shard and t.marketplace = m.marketplace
  and t.currency = m.currency and t.account = m.account;

insert into ledger_transactions
  (shard, id, marketplace, intent, moment, currency, created_at, object, occurred_at)
select shard, id, marketplace, null, 'account_moved', currency, now_ms,
  case when many = 1 then pg_temp.id_text('wa', wallet_account) end, now_ms
from transactions cross join start;
insert into ledger_entries (shard, transaction, line, account, debit, credit)
select shard, id, line, account, greatest(-net, 0), greatest(net, 0) from lines;
insert into ledger_balances
  (shard, marketplace, account, currency, slot, config, debit, credit)
select shard, marketplace, account, currency, 0, 0, sum(greatest(-net, 0)), sum(greatest(net, 0))
from lines group by shard, marketplace, account, currency
on conflict (shard, marketplace, account, currency, slot, config)
do update set debit = ledger_balances.debit + excluded.debit,
  credit = ledger_balances.credit + excluded.credit;

-- Whatever is committed from now on has a greater id: followers miss nothing and nothing overtakes.
update id_floor set floor = greatest(floor,
  (select ((greatest(ms + 1, (select max(id) >> 23 from transactions)) + 1) << 23) - 1 from start));
update engine_lanes set floor = greatest(floor, (select floor from id_floor));

drop function pg_temp.id_text(text, bigint);
drop function pg_temp.id_number(text);
drop function pg_temp.is_shared(text);

-- What was booked of a sub_order is kept with its escrow: nothing is reckoned again later.

alter table escrows add column ordered bigint;
alter table escrows add column paid bigint;
alter table escrows add column fee bigint;
alter table escrows add column released bigint;
alter table escrows add column returned bigint;

-- What refunds that stand took of the merchant's part: with what is held, what was booked for it.
update escrows e set
  returned = taken.amount,
  released = case when e.status = 'released' then e.held + taken.amount else 0 end
from (
  select e.shard, e.intent, e.id, coalesce(sum(
      (r.mix ->> 'escrow')::bigint + (r.mix ->> 'available')::bigint), 0)::bigint as amount
  from escrows e
  left join refunds r on r.shard = e.shard and r.intent = e.intent and r.leg = e.leg
    and r.sub_order = e.sub_order and r.status <> 'failed'
  group by e.shard, e.intent, e.id
) taken
where taken.shard = e.shard and taken.intent = e.intent and taken.id = e.id;

-- The ledger has one fee a leg: of the n-th leg that brought money in, in the n-th booking.
create temporary table leg_fees on commit drop as
with legs as (
  select l.shard, l.intent, l.id, l.amount, coalesce(l.disputed, l.amount) as ordered,
    coalesce(l.receipt_amount, l.amount) as receipt,
    row_number() over (partition by l.shard, l.intent order by l.id) as place
  from payment_legs l
  where coalesce(l.receipt_amount, l.amount) > 0
    and exists (select from escrows e where e.shard = l.shard and e.intent = l.intent and e.leg = l.id)
), booked as (
  select t.shard, t.intent, t.id,
    row_number() over (partition by t.shard, t.intent order by t.id) as place
  from ledger_transactions t
  where t.moment in ('paid', 'conflict_accepted') and t.intent is not null
)
select legs.shard, legs.intent, legs.id as leg, legs.amount, legs.ordered, legs.receipt,
  coalesce((select sum(e.credit - e.debit) from ledger_entries e
    where e.shard = booked.shard and e.transaction = booked.id
      and e.account like 'wallet:%:fee\_due'), 0)::bigint as fee
from legs join booked on booked.shard = legs.shard and booked.intent = legs.intent
  and booked.place = legs.place;

-- Of one sub_order, the whole of it.
update escrows e set
  ordered = f.ordered,
  fee = f.fee,
  paid = e.held + e.returned + f.fee
from leg_fees f
where f.shard = e.shard and f.intent = e.intent and f.leg = e.leg
  and not exists (select from escrows o where o.shard = e.shard and o.intent = e.intent
    and o.leg = e.leg and o.id <> e.id);

-- Of several: each the fee that makes its booked share and its part of the receipt agree, never less
-- than its refunds gave back, and together what the ledger says.
-- One table for all of them: each that is made, dropped or not, is a lock until the end.
create temporary table parts (id bigint, net bigint, gave bigint, ordered_share bigint,
  is_whole boolean, fee bigint) on commit drop;
do $$
declare
  leg record;
  part record;
  left_fee bigint;
  slack bigint;
begin
  for leg in
    select f.* from leg_fees f
    where exists (select from escrows e where e.shard = f.shard and e.intent = f.intent
      and e.leg = f.leg and e.fee is null)
  loop
    truncate parts;
    insert into parts
    with own as (
      select e.id, e.held + e.returned as net, s.amount, s.refunded,
        coalesce((select sum((r.mix ->> 'fee')::bigint) from refunds r
          where r.shard = e.shard and r.intent = e.intent and r.leg = e.leg
            and r.sub_order = e.sub_order and r.status <> 'failed'), 0)::bigint as gave
      from escrows e
      join sub_orders s on s.shard = e.shard and s.intent = e.intent and s.id = e.sub_order
      where e.shard = leg.shard and e.intent = leg.intent and e.leg = leg.leg
    ), floors as (
      select own.*,
        div(leg.ordered::numeric * amount, leg.amount)::bigint as ordered_floor,
        mod(leg.ordered::numeric * amount, leg.amount) as ordered_rest,
        div(leg.receipt::numeric * amount, leg.amount)::bigint as receipt_floor,
        mod(leg.receipt::numeric * amount, leg.amount) as receipt_rest
      from own
    ), dealt as (
      select floors.*,
        ordered_floor + case when row_number() over (order by ordered_rest desc, id)
          <= leg.ordered - sum(ordered_floor) over () then 1 else 0 end as ordered_share,
        receipt_floor + case when row_number() over (order by receipt_rest desc, id)
          <= leg.receipt - sum(receipt_floor) over () then 1 else 0 end as receipt_share
      from floors
    )
    select id, net, gave, ordered_share,
      (refunded = amount) as is_whole,
      case when refunded = amount then gave
        else greatest(gave, receipt_share - net) end::bigint as fee
    from dealt;

    left_fee := leg.fee - (select sum(fee) from parts);
    for part in select * from parts order by is_whole, fee - gave desc, id loop
      exit when left_fee = 0;
      slack := case when left_fee > 0 then left_fee else greatest(left_fee, part.gave - part.fee) end;
      update parts set fee = fee + slack where id = part.id;
      left_fee := left_fee - slack;
    end loop;

    update escrows e set
      ordered = p.ordered_share,
      fee = p.fee,
      paid = p.net + p.fee
    from parts p
    where e.shard = leg.shard and e.intent = leg.intent and e.id = p.id;
  end loop;
end
$$;

-- A leg that brought nothing in was booked nowhere.
update escrows e set fee = 0, paid = e.held + e.returned, ordered = s.amount
from sub_orders s
where e.fee is null and s.shard = e.shard and s.intent = e.intent and s.id = e.sub_order;

alter table escrows alter column ordered set not null;
alter table escrows alter column paid set not null;
alter table escrows alter column fee set not null;
alter table escrows alter column released set not null;
alter table escrows alter column returned set not null;
alter table escrows add constraint escrows_figures_check
  check (paid - fee = held + returned) not valid;

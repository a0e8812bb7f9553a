-- What a wallet says it took, where that is not what was ordered: a refund is of that.

alter table payment_legs add column disputed bigint;
update payment_legs set disputed = suspense
  where status = 'conflicted' and suspense > 0 and suspense <> amount;

alter table payment_legs drop constraint payment_legs_check;
alter table payment_legs add constraint payment_legs_refunded_check
  check (refunded between 0 and coalesce(disputed, amount)) not valid;

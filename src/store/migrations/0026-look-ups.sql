-- Every look-up has its index, and no search goes over all payments.

-- The status as lists look for it. Those that a payment passes through are one here, so that passing
-- from one to the next writes no index.
alter table payment_intents add column list_status text not null generated always as (
  case when status in ('requires_wallet', 'requires_action', 'processing') then 'open'
    else status end) stored;
create index payment_intents_status
  on payment_intents (marketplace, list_status, (coalesce(place, id)));

-- A list's place is a moment of wall time, created_at one of business time. Where they lie more than
-- ten minutes apart, this says how far: a search by date looks that much further.
create index payment_intents_skew
  on payment_intents (marketplace, ((coalesce(place, id) >> 23) + 1735689600000 - created_at))
  where abs((coalesce(place, id) >> 23) + 1735689600000 - created_at) > 600000;

-- The types that most payments emit are found by walking the list itself.
create index events_type on events (marketplace, type, id) where type not in (
  'payment_intent.created', 'payment_intent.requires_action', 'payment_intent.succeeded',
  'payment_attempt.succeeded');

create index audit_log_object on audit_log (marketplace, object, id);
create index audit_log_actor on audit_log (marketplace, actor, id);
create index audit_log_action on audit_log (marketplace, action, id);

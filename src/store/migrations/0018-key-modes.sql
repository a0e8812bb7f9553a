-- Test and live keys are apart; keys know where they may be used from and when they last were.

alter table payment_intents add column livemode boolean;
alter table counters add column livemode boolean;
alter table api_keys add column allow_from text[];
alter table api_keys add column last_used_at bigint;

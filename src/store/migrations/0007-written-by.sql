-- Which batch wrote an intent last: what a process remembers of a payment is believed by it.

alter table payment_intents add column written_by bigint;

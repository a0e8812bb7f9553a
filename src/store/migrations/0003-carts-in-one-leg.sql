-- Carts of several merchants in one leg, direct settlement, and conflicts that an operator ends.

alter table payment_legs add column parts jsonb;
alter table payment_legs alter column merchant drop not null;

alter table wallet_configs add column accepts_direct_settlement boolean not null default false;

alter table payment_intents add column resolution jsonb;

-- Closed on "not found" alone: such an attempt is looked at some more.

alter table payment_attempts add column provisional boolean not null default false;

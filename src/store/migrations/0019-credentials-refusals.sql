-- Which configurations their wallet last refused, in its own words.

alter table wallet_configs add column credentials_refusal jsonb;

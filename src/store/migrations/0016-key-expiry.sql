-- API keys that end by themselves.

alter table api_keys add column expires_at bigint;

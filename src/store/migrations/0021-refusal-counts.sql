-- How often callers were refused (unknown keys and paths), over all processes.

create table refusal_counts (
  caller      text    not null primary key,
  count       integer not null,
  until_at    bigint  not null,
  written_at  bigint  not null
);
create index refusal_counts_until on refusal_counts (until_at);

-- Which payer's wallet may scan a code of which acceptor, by marketplace: an operator's table.

create table interconnects (
  marketplace      bigint not null references marketplaces (id),
  payer_wallet     text   not null,
  acceptor_wallet  text   not null,
  status           text   not null check (status in ('active', 'paused')),
  changed_at       bigint not null,
  primary key (marketplace, payer_wallet, acceptor_wallet),
  check (payer_wallet <> acceptor_wallet)
);

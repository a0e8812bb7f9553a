-- Balances by account: a page of them, or a merchant's own. A balance that changes writes no index.
create index ledger_balances_accounts on ledger_balances (marketplace, account);

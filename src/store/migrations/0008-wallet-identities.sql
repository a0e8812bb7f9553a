-- Several configurations of one wallet in one marketplace, each of one account at that wallet, and
-- several accounts of one merchant at a wallet, of which one is current.

alter table wallet_configs add column identity jsonb;
alter table wallet_configs drop constraint wallet_configs_marketplace_wallet_key;
create unique index wallet_configs_identity on wallet_configs (marketplace, wallet, identity);
alter table wallet_configs drop constraint wallet_configs_status_check;
alter table wallet_configs add constraint wallet_configs_status_check
  check (status in ('active', 'paused', 'retiring'));

alter table wallet_accounts add column wallet_config bigint references wallet_configs (id);
update wallet_accounts a set wallet_config = c.id
  from wallet_configs c where c.marketplace = a.marketplace and c.wallet = a.wallet;
alter table wallet_accounts drop constraint wallet_accounts_merchant_wallet_key;
create unique index wallet_accounts_number
  on wallet_accounts (merchant, wallet, wallet_merchant);
create unique index wallet_accounts_current on wallet_accounts (merchant, wallet)
  where status in ('active', 'restricted', 'paused');
alter table wallet_accounts drop constraint wallet_accounts_status_check;
alter table wallet_accounts add constraint wallet_accounts_status_check
  check (status in ('applying', 'active', 'restricted', 'paused', 'retiring', 'closed'));

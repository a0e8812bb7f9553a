-- A refund's number may be on its way, or have been spent: both outlive a crash.

alter table refunds add column sent_at bigint;
alter table refunds add column earlier_nos jsonb;

-- Whatever may have been told to its wallet is asked about before it is sent again. What waits for
-- its turn (`due_at` is not that of one sent at once) has not been.
update refunds set sent_at = created_at
  where due_at is not null and (status <> 'created' or tries > 0 or due_at = created_at + 15000);

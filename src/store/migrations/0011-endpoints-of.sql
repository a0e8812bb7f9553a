-- What a batch, a delivery and a new endpoint ask for: the endpoints of one marketplace.

create index webhook_endpoints_of on webhook_endpoints (marketplace) where status <> 'deleted';

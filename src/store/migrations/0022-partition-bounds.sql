-- Events, deliveries and notifications are partitioned by the time inside an id. What they hold so
-- far becomes one partition, below a bound that is noted here and checked by the next migration.

do $$
declare
  part record;
  newest bigint;
  day bigint;
begin
  for part in
    select * from (values ('events', 'id'), ('deliveries', 'event'), ('notifications', 'intent'))
      as t (name, key)
  loop
    execute format(
      'select max(r.key) from generate_series(0, 255) s, lateral (
         select t.%2$I as key from %1$I t where t.shard = s order by t.%2$I desc limit 1) r',
      part.name, part.key) into newest;
    -- A midnight at least a week ahead, and above the newest row: 23 bits of an id are not its time,
    -- which counts from 2025-01-01.
    day := floor(extract(epoch from clock_timestamp()) / 86400)::bigint + 8;
    day := greatest(day, ((coalesce(newest, 0) >> 23) + 1735689600000) / 86400000 + 1);
    execute format('alter table %I add constraint %I check (%I < %s) not valid',
      part.name, part.name || '_bound', part.key, (day * 86400000 - 1735689600000) << 23);
  end loop;
end $$;

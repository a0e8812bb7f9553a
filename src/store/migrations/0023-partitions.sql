-- Each table, with its rows where they are, becomes the first partition of a new one of its name.

-- Reads every row once, beside writers: attaching below then reads none.
alter table events validate constraint events_bound;
alter table deliveries validate constraint deliveries_bound;
alter table notifications validate constraint notifications_bound;

do $$
declare
  part record;
  old_index record;
  bound text;
begin
  for part in
    select * from (values ('events', 'id'), ('deliveries', 'event'), ('notifications', 'intent'))
      as t (name, key)
  loop
    select substring(pg_get_constraintdef(oid) from '\d+') into strict bound from pg_constraint
      where conrelid = part.name::regclass and conname = part.name || '_bound';
    execute format('alter table %I rename to %I', part.name, part.name || '_first');
    for old_index in
      select c.relname::text as name from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = (part.name || '_first')::regclass
    loop
      execute format('alter index %I rename to %I',
        old_index.name, replace(old_index.name, part.name, part.name || '_first'));
    end loop;
    -- The bound is the first partition's own: checks are not copied.
    execute format('create table %I (like %I including all excluding constraints)
      partition by range (%I)', part.name, part.name || '_first', part.key);
    if part.name = 'deliveries' then
      alter table deliveries add constraint deliveries_status_check
        check (status in ('pending', 'delivered', 'failed'));
    end if;
    execute format('alter table %I attach partition %I for values from (minvalue) to (%s)',
      part.name, part.name || '_first', bound);
    execute format('alter table %I drop constraint %I',
      part.name || '_first', part.name || '_bound');
    -- Whatever comes before further partitions are made, or bears a time that is far ahead.
    execute format('create table %I (like %I including all)', part.name || '_later', part.name);
    execute format('alter table %I attach partition %I for values from (%s) to (maxvalue)',
      part.name, part.name || '_later', bound);
  end loop;
end $$;

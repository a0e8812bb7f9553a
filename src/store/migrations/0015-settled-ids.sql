-- Up to which id every row is there: what lists that are followed end at.

alter table engine_lanes add column floor bigint not null default 0;

create table id_floor (
  one    boolean primary key default true check (one),
  floor  bigint  not null
);
insert into id_floor (floor) values (0);

-- An intent's id is chosen before its batch; its place in lists is made in it.
alter table payment_intents add column place bigint;
create index payment_intents_place on payment_intents (marketplace, (coalesce(place, id)));
drop index payment_intents_list;

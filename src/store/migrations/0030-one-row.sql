create table one_row (one smallint primary key);
insert into one_row values (1);

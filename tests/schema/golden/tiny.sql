-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customer': (
      select json_object(
        'number': t1.number,
        'name': t1.name,
        'status': t1.status returning json
      )
      from terrace.customer t1
      where t1.id = $1::integer
      and t1.number = $2::text
    ) returning json
  )
)::text
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customer': (
      select json_object(
        'number': t1.number,
        'name': t1.name,
        'status': t1.status returning json
      )
      from terrace.customer t1
      where t1.manager_id = $1::integer
      and t1.number = $2::text
    ) returning json
  )
)::text
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customer': (
      select json_object(
        'number': t1.number,
        'name': t1.name,
        'status': t1.status returning json
      )
      from terrace.customer t1
      where t1.branch_id = $1::integer
      and t1.number = $2::text
    ) returning json
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customer': (
      select json_object(
        'number': t1.number,
        'name': t1.name,
        'status': t1.status returning json
      )
      from terrace.customer t1
      where t1.number = $2::text
    ) returning json
  )
)::text
end;

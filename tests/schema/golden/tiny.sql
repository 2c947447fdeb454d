-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customer":' || coalesce(
    (
      select coalesce(
        (
          '{"number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"status":"' || t1.status || '"}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.customer t1
      where t1.id = $1::integer
      and t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customer":' || coalesce(
    (
      select coalesce(
        (
          '{"number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"status":"' || t1.status || '"}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.customer t1
      where t1.manager_id = $1::integer
      and t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customer":' || coalesce(
    (
      select coalesce(
        (
          '{"number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"status":"' || t1.status || '"}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.customer t1
      where t1.branch_id = $1::integer
      and t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customer":' || coalesce(
    (
      select coalesce(
        (
          '{"number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"status":"' || t1.status || '"}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.customer t1
      where t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

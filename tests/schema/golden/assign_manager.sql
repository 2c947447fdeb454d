-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  select (
    '{"customer":' || coalesce(
      (
        select coalesce(
          (
            '{"number":' || to_json(t2.number)::text || ',"manager":' || coalesce(
              (
                select coalesce(
                  ('{"number":' || to_json(t3.number)::text || '}'),
                  '{" fault":"missing"}'
                )
                from terrace.manager t3
                where t3.id = t2.assigned_manager_id
                and t3.branch_id = $1::integer
              ),
              'null'
            ) || ',"accounts":[' || coalesce(
              (
                select string_agg(
                  coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  ),
                  ','
                  order by t4.number
                )
                from terrace.account t4
                where t4.customer_id = t2.id
                and t4.branch_id = $1::integer
              ),
              ''
            ) || ']}'
          ),
          '{" fault":"missing"}'
        )
        from terrace.customer t2
        where t2.id = t1.customer_id
        and t2.branch_id = $1::integer
      ),
      'null'
    ) || ',"errors":[' || coalesce(
      (
        select string_agg(
          coalesce(('{"code":' || to_json(t5.code)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t5.ordinality
        )
        from rows
        from (
          jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
        ) with ordinality t5
      ),
      ''
    ) || ']}'
  )
  from jsonb_to_record($2::jsonb) as t1(customer_id integer, errors jsonb)
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  select (
    '{"customer":' || coalesce(
      (
        select coalesce(
          (
            '{"number":' || to_json(t2.number)::text || ',"manager":' || coalesce(
              (
                select coalesce(
                  ('{"number":' || to_json(t3.number)::text || '}'),
                  '{" fault":"missing"}'
                )
                from terrace.manager t3
                where t3.id = t2.assigned_manager_id
              ),
              'null'
            ) || ',"accounts":[' || coalesce(
              (
                select string_agg(
                  coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  ),
                  ','
                  order by t4.number
                )
                from terrace.account t4
                where t4.customer_id = t2.id
              ),
              ''
            ) || ']}'
          ),
          '{" fault":"missing"}'
        )
        from terrace.customer t2
        where t2.id = t1.customer_id
      ),
      'null'
    ) || ',"errors":[' || coalesce(
      (
        select string_agg(
          coalesce(('{"code":' || to_json(t5.code)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t5.ordinality
        )
        from rows
        from (
          jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
        ) with ordinality t5
      ),
      ''
    ) || ']}'
  )
  from jsonb_to_record($2::jsonb) as t1(customer_id integer, errors jsonb)
)
end;

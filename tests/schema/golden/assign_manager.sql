-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  (
    select json_object(
      'customer': (
        select json_object(
          'number': t2.number,
          'manager': (
            select json_object('number': t3.number returning json)
            from terrace.manager t3
            where t3.id = t2.assigned_manager_id
            and t3.branch_id = $1::integer
          ),
          'accounts': coalesce(
            (
              select json_agg(
                json_object('number': t4.number returning json)
                order by t4.number
              )
              from terrace.account t4
              where t4.customer_id = t2.id
              and t4.branch_id = $1::integer
            ),
            '[]'::json
          ) returning json
        )
        from terrace.customer t2
        where t2.id = t1.customer_id
        and t2.branch_id = $1::integer
      ),
      'errors': coalesce(
        (
          select json_agg(json_object('code': t5.code returning json) order by t5.ordinality)
          from rows
          from (
            jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
          ) with ordinality t5
        ),
        '[]'::json
      ) returning json
    )
    from jsonb_to_record($2::jsonb) as t1(customer_id integer, errors jsonb)
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  (
    select json_object(
      'customer': (
        select json_object(
          'number': t2.number,
          'manager': (
            select json_object('number': t3.number returning json)
            from terrace.manager t3
            where t3.id = t2.assigned_manager_id
          ),
          'accounts': coalesce(
            (
              select json_agg(
                json_object('number': t4.number returning json)
                order by t4.number
              )
              from terrace.account t4
              where t4.customer_id = t2.id
            ),
            '[]'::json
          ) returning json
        )
        from terrace.customer t2
        where t2.id = t1.customer_id
      ),
      'errors': coalesce(
        (
          select json_agg(json_object('code': t5.code returning json) order by t5.ordinality)
          from rows
          from (
            jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
          ) with ordinality t5
        ),
        '[]'::json
      ) returning json
    )
    from jsonb_to_record($2::jsonb) as t1(customer_id integer, errors jsonb)
  )
)::text
end;

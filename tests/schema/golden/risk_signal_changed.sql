-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  coalesce(
    (
      select json_agg(
        json_build_array(
          t1.position,
          json_object(
            'cursor': encode(convert_to('risk_signal:' || t1.position, 'UTF8'), 'base64'),
            'signal': (
              select json_object(
                'id': encode(
                  convert_to('RiskSignal:' || t3.customer_id || '.' || t3.id, 'UTF8'),
                  'base64'
                ),
                'code': t3.code,
                'customer': (
                  select json_object('number': t4.number returning json)
                  from terrace.customer t4
                  where t4.id = t3.customer_id
                  and t4.id = $1::integer
                ),
                'reportedBy': (
                  select json_object('number': t5.number returning json)
                  from terrace.manager t5
                  where t5.id = t3.reporter_id
                  and t5.id = (
                    select own.manager_id
                    from terrace.customer own
                    where own.id = $1::integer
                  )
                ) returning json
              )
              from terrace.risk_signal t3
              where t3.customer_id = t1.customer_id
              and t3.id = t1.signal_id
              and false
            ) returning json
          )
        )
        order by t1.position
      )
      from (
        select t1.*
        from terrace.risk_signal_event t1
        where false
        and (
          exists (
            select
            from terrace.risk_signal t2
            where t2.customer_id = t1.customer_id
            and t2.id = t1.signal_id
            and false
            and (t2.code = $2::text)
          )
        )
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    '[]'::json
  )
)::text
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  coalesce(
    (
      select json_agg(
        json_build_array(
          t1.position,
          json_object(
            'cursor': encode(convert_to('risk_signal:' || t1.position, 'UTF8'), 'base64'),
            'signal': (
              select json_object(
                'id': encode(
                  convert_to('RiskSignal:' || t3.customer_id || '.' || t3.id, 'UTF8'),
                  'base64'
                ),
                'code': t3.code,
                'customer': (
                  select json_object('number': t4.number returning json)
                  from terrace.customer t4
                  where t4.id = t3.customer_id
                  and t4.manager_id = $1::integer
                ),
                'reportedBy': (
                  select json_object('number': t5.number returning json)
                  from terrace.manager t5
                  where t5.id = t3.reporter_id
                  and t5.id = $1::integer
                ) returning json
              )
              from terrace.risk_signal t3
              where t3.customer_id = t1.customer_id
              and t3.id = t1.signal_id
              and t3.manager_id = $1::integer
            ) returning json
          )
        )
        order by t1.position
      )
      from (
        select t1.*
        from terrace.risk_signal_event t1
        where t1.manager_id = $1::integer
        and (
          exists (
            select
            from terrace.risk_signal t2
            where t2.customer_id = t1.customer_id
            and t2.id = t1.signal_id
            and t2.manager_id = $1::integer
            and (t2.code = $2::text)
          )
        )
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    '[]'::json
  )
)::text
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  coalesce(
    (
      select json_agg(
        json_build_array(
          t1.position,
          json_object(
            'cursor': encode(convert_to('risk_signal:' || t1.position, 'UTF8'), 'base64'),
            'signal': (
              select json_object(
                'id': encode(
                  convert_to('RiskSignal:' || t3.customer_id || '.' || t3.id, 'UTF8'),
                  'base64'
                ),
                'code': t3.code,
                'customer': (
                  select json_object('number': t4.number returning json)
                  from terrace.customer t4
                  where t4.id = t3.customer_id
                  and t4.branch_id = $1::integer
                ),
                'reportedBy': (
                  select json_object('number': t5.number returning json)
                  from terrace.manager t5
                  where t5.id = t3.reporter_id
                  and t5.branch_id = $1::integer
                ) returning json
              )
              from terrace.risk_signal t3
              where t3.customer_id = t1.customer_id
              and t3.id = t1.signal_id
              and t3.branch_id = $1::integer
            ) returning json
          )
        )
        order by t1.position
      )
      from (
        select t1.*
        from terrace.risk_signal_event t1
        where t1.branch_id = $1::integer
        and (
          exists (
            select
            from terrace.risk_signal t2
            where t2.customer_id = t1.customer_id
            and t2.id = t1.signal_id
            and t2.branch_id = $1::integer
            and (t2.code = $2::text)
          )
        )
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    '[]'::json
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  coalesce(
    (
      select json_agg(
        json_build_array(
          t1.position,
          json_object(
            'cursor': encode(convert_to('risk_signal:' || t1.position, 'UTF8'), 'base64'),
            'signal': (
              select json_object(
                'id': encode(
                  convert_to('RiskSignal:' || t3.customer_id || '.' || t3.id, 'UTF8'),
                  'base64'
                ),
                'code': t3.code,
                'customer': (
                  select json_object('number': t4.number returning json)
                  from terrace.customer t4
                  where t4.id = t3.customer_id
                ),
                'reportedBy': (
                  select json_object('number': t5.number returning json)
                  from terrace.manager t5
                  where t5.id = t3.reporter_id
                ) returning json
              )
              from terrace.risk_signal t3
              where t3.customer_id = t1.customer_id
              and t3.id = t1.signal_id
            ) returning json
          )
        )
        order by t1.position
      )
      from (
        select t1.*
        from terrace.risk_signal_event t1
        where (
          exists (
            select
            from terrace.risk_signal t2
            where t2.customer_id = t1.customer_id
            and t2.id = t1.signal_id
            and (t2.code = $2::text)
          )
        )
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    '[]'::json
  )
)::text
end;

-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '[' || coalesce(
    (
      select string_agg(
        (
          '[' || t1.position::text || ',' || coalesce(
            (
              '{"cursor":' || to_json(
                encode(convert_to('risk_signal:' || t1.position, 'UTF8'), 'base64')
              )::text || ',"signal":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"id":"' || encode(
                        convert_to('RiskSignal:' || t3.customer_id || '.' || t3.id, 'UTF8'),
                        'base64'
                      ) || '","code":' || to_json(t3.code)::text || ',"customer":' || coalesce(
                        (
                          select coalesce(
                            ('{"number":' || to_json(t4.number)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.customer t4
                          where t4.id = t3.customer_id
                          and t4.id = $1::integer
                        ),
                        'null'
                      ) || ',"reportedBy":' || coalesce(
                        (
                          select coalesce(
                            ('{"number":' || to_json(t5.number)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.manager t5
                          where t5.id = t3.reporter_id
                          and t5.id = (
                            select own.manager_id
                            from terrace.customer own
                            where own.id = $1::integer
                          )
                        ),
                        'null'
                      ) || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.risk_signal t3
                  where t3.customer_id = t1.customer_id
                  and t3.id = t1.signal_id
                  and false
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ) || ']'
        ),
        ','
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
    ''
  ) || ']'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '[' || coalesce(
    (
      select string_agg(
        (
          '[' || t1.position::text || ',' || coalesce(
            (
              '{"cursor":' || to_json(
                encode(convert_to('risk_signal:' || t1.position, 'UTF8'), 'base64')
              )::text || ',"signal":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"id":"' || encode(
                        convert_to('RiskSignal:' || t3.customer_id || '.' || t3.id, 'UTF8'),
                        'base64'
                      ) || '","code":' || to_json(t3.code)::text || ',"customer":' || coalesce(
                        (
                          select coalesce(
                            ('{"number":' || to_json(t4.number)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.customer t4
                          where t4.id = t3.customer_id
                          and t4.manager_id = $1::integer
                        ),
                        'null'
                      ) || ',"reportedBy":' || coalesce(
                        (
                          select coalesce(
                            ('{"number":' || to_json(t5.number)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.manager t5
                          where t5.id = t3.reporter_id
                          and t5.id = $1::integer
                        ),
                        'null'
                      ) || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.risk_signal t3
                  where t3.customer_id = t1.customer_id
                  and t3.id = t1.signal_id
                  and t3.manager_id = $1::integer
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ) || ']'
        ),
        ','
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
    ''
  ) || ']'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '[' || coalesce(
    (
      select string_agg(
        (
          '[' || t1.position::text || ',' || coalesce(
            (
              '{"cursor":' || to_json(
                encode(convert_to('risk_signal:' || t1.position, 'UTF8'), 'base64')
              )::text || ',"signal":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"id":"' || encode(
                        convert_to('RiskSignal:' || t3.customer_id || '.' || t3.id, 'UTF8'),
                        'base64'
                      ) || '","code":' || to_json(t3.code)::text || ',"customer":' || coalesce(
                        (
                          select coalesce(
                            ('{"number":' || to_json(t4.number)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.customer t4
                          where t4.id = t3.customer_id
                          and t4.branch_id = $1::integer
                        ),
                        'null'
                      ) || ',"reportedBy":' || coalesce(
                        (
                          select coalesce(
                            ('{"number":' || to_json(t5.number)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.manager t5
                          where t5.id = t3.reporter_id
                          and t5.branch_id = $1::integer
                        ),
                        'null'
                      ) || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.risk_signal t3
                  where t3.customer_id = t1.customer_id
                  and t3.id = t1.signal_id
                  and t3.branch_id = $1::integer
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ) || ']'
        ),
        ','
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
    ''
  ) || ']'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '[' || coalesce(
    (
      select string_agg(
        (
          '[' || t1.position::text || ',' || coalesce(
            (
              '{"cursor":' || to_json(
                encode(convert_to('risk_signal:' || t1.position, 'UTF8'), 'base64')
              )::text || ',"signal":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"id":"' || encode(
                        convert_to('RiskSignal:' || t3.customer_id || '.' || t3.id, 'UTF8'),
                        'base64'
                      ) || '","code":' || to_json(t3.code)::text || ',"customer":' || coalesce(
                        (
                          select coalesce(
                            ('{"number":' || to_json(t4.number)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.customer t4
                          where t4.id = t3.customer_id
                        ),
                        'null'
                      ) || ',"reportedBy":' || coalesce(
                        (
                          select coalesce(
                            ('{"number":' || to_json(t5.number)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.manager t5
                          where t5.id = t3.reporter_id
                        ),
                        'null'
                      ) || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.risk_signal t3
                  where t3.customer_id = t1.customer_id
                  and t3.id = t1.signal_id
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ) || ']'
        ),
        ','
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
    ''
  ) || ']'
)
end;

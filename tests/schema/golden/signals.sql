-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"riskSignals":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.risk_signal t2
        where false
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","severity":"' || t1.severity || '","customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t3.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t3
                  where t3.id = t1.customer_id
                  and t3.id = $1::integer
                ),
                'null'
              ) || ',"reportedBy":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"number":' || to_json(t4.number)::text || ',"branch":' || coalesce(
                        (
                          select coalesce(
                            ('{"code":' || to_json(t5.code)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.branch t5
                          where t5.id = t4.branch_id
                        ),
                        'null'
                      ) || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.reporter_id
                  and t4.id = (
                    select own.manager_id
                    from terrace.customer own
                    where own.id = $1::integer
                  )
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.id) as place
      from (
        select t1.*
        from terrace.risk_signal t1
        where false
        order by t1.id
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"riskSignals":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.risk_signal t2
        where t2.manager_id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","severity":"' || t1.severity || '","customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t3.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t3
                  where t3.id = t1.customer_id
                  and t3.manager_id = $1::integer
                ),
                'null'
              ) || ',"reportedBy":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"number":' || to_json(t4.number)::text || ',"branch":' || coalesce(
                        (
                          select coalesce(
                            ('{"code":' || to_json(t5.code)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.branch t5
                          where t5.id = t4.branch_id
                        ),
                        'null'
                      ) || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.reporter_id
                  and t4.id = $1::integer
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.id) as place
      from (
        select t1.*
        from terrace.risk_signal t1
        where t1.manager_id = $1::integer
        order by t1.id
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"riskSignals":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.risk_signal t2
        where t2.branch_id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","severity":"' || t1.severity || '","customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t3.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t3
                  where t3.id = t1.customer_id
                  and t3.branch_id = $1::integer
                ),
                'null'
              ) || ',"reportedBy":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"number":' || to_json(t4.number)::text || ',"branch":' || coalesce(
                        (
                          select coalesce(
                            ('{"code":' || to_json(t5.code)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.branch t5
                          where t5.id = t4.branch_id
                        ),
                        'null'
                      ) || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.reporter_id
                  and t4.branch_id = $1::integer
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.id) as place
      from (
        select t1.*
        from terrace.risk_signal t1
        where t1.branch_id = $1::integer
        order by t1.id
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"riskSignals":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.risk_signal t2
        where true
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","severity":"' || t1.severity || '","customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t3.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t3
                  where t3.id = t1.customer_id
                ),
                'null'
              ) || ',"reportedBy":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"number":' || to_json(t4.number)::text || ',"branch":' || coalesce(
                        (
                          select coalesce(
                            ('{"code":' || to_json(t5.code)::text || '}'),
                            '{" fault":"missing"}'
                          )
                          from terrace.branch t5
                          where t5.id = t4.branch_id
                        ),
                        'null'
                      ) || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.reporter_id
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.id) as place
      from (
        select t1.*
        from terrace.risk_signal t1
        where true
        order by t1.id
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

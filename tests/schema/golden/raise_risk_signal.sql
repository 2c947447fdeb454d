-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  select (
    '{"signal":' || coalesce(
      (
        select coalesce(
          (
            '{"id":"' || encode(
              convert_to('RiskSignal:' || t2.customer_id || '.' || t2.id, 'UTF8'),
              'base64'
            ) || '","code":' || to_json(t2.code)::text || ',"customer":' || coalesce(
              (
                select coalesce(
                  (
                    '{"number":' || to_json(t3.number)::text || ',"standing":' || coalesce(
                      (
                        select coalesce(
                          ('{"status":"' || t4.status || '"}'),
                          '{" fault":"missing"}'
                        )
                        from terrace.standing_in_force t4
                        where t4.customer_id = t3.id
                        and t4.manager_id = $1::integer
                        order by t4.month desc
                        limit 1
                      ),
                      '{"status":"NON_MEMBER"}'
                    ) || ',"accounts":[' || coalesce(
                      (
                        select string_agg(
                          coalesce(
                            (
                              '{"number":' || to_json(t5.number)::text || ',"balance":"' || t5.balance::text || '"}'
                            ),
                            '{" fault":"missing"}'
                          ),
                          ','
                          order by t5.number
                        )
                        from terrace.account t5
                        where t5.customer_id = t3.id
                        and t5.manager_id = $1::integer
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                )
                from terrace.customer t3
                where t3.id = t2.customer_id
                and t3.manager_id = $1::integer
              ),
              'null'
            ) || ',"reportedBy":' || coalesce(
              (
                select coalesce(
                  ('{"number":' || to_json(t6.number)::text || '}'),
                  '{" fault":"missing"}'
                )
                from terrace.manager t6
                where t6.id = t2.reporter_id
                and t6.id = $1::integer
              ),
              'null'
            ) || '}'
          ),
          '{" fault":"missing"}'
        )
        from terrace.risk_signal t2
        where t2.customer_id = t1.customer_id
        and t2.id = t1.signal_id
        and t2.manager_id = $1::integer
      ),
      'null'
    ) || ',"errors":[' || coalesce(
      (
        select string_agg(
          coalesce(('{"code":' || to_json(t7.code)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t7.ordinality
        )
        from rows
        from (
          jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
        ) with ordinality t7
      ),
      ''
    ) || ']}'
  )
  from jsonb_to_record($2::jsonb) as t1(customer_id integer, signal_id integer, errors jsonb)
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  select (
    '{"signal":' || coalesce(
      (
        select coalesce(
          (
            '{"id":"' || encode(
              convert_to('RiskSignal:' || t2.customer_id || '.' || t2.id, 'UTF8'),
              'base64'
            ) || '","code":' || to_json(t2.code)::text || ',"customer":' || coalesce(
              (
                select coalesce(
                  (
                    '{"number":' || to_json(t3.number)::text || ',"standing":' || coalesce(
                      (
                        select coalesce(
                          ('{"status":"' || t4.status || '"}'),
                          '{" fault":"missing"}'
                        )
                        from terrace.standing_in_force t4
                        where t4.customer_id = t3.id
                        and t4.branch_id = $1::integer
                        order by t4.month desc
                        limit 1
                      ),
                      '{"status":"NON_MEMBER"}'
                    ) || ',"accounts":[' || coalesce(
                      (
                        select string_agg(
                          coalesce(
                            (
                              '{"number":' || to_json(t5.number)::text || ',"balance":"' || t5.balance::text || '"}'
                            ),
                            '{" fault":"missing"}'
                          ),
                          ','
                          order by t5.number
                        )
                        from terrace.account t5
                        where t5.customer_id = t3.id
                        and t5.branch_id = $1::integer
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                )
                from terrace.customer t3
                where t3.id = t2.customer_id
                and t3.branch_id = $1::integer
              ),
              'null'
            ) || ',"reportedBy":' || coalesce(
              (
                select coalesce(
                  ('{"number":' || to_json(t6.number)::text || '}'),
                  '{" fault":"missing"}'
                )
                from terrace.manager t6
                where t6.id = t2.reporter_id
                and t6.branch_id = $1::integer
              ),
              'null'
            ) || '}'
          ),
          '{" fault":"missing"}'
        )
        from terrace.risk_signal t2
        where t2.customer_id = t1.customer_id
        and t2.id = t1.signal_id
        and t2.branch_id = $1::integer
      ),
      'null'
    ) || ',"errors":[' || coalesce(
      (
        select string_agg(
          coalesce(('{"code":' || to_json(t7.code)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t7.ordinality
        )
        from rows
        from (
          jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
        ) with ordinality t7
      ),
      ''
    ) || ']}'
  )
  from jsonb_to_record($2::jsonb) as t1(customer_id integer, signal_id integer, errors jsonb)
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  select (
    '{"signal":' || coalesce(
      (
        select coalesce(
          (
            '{"id":"' || encode(
              convert_to('RiskSignal:' || t2.customer_id || '.' || t2.id, 'UTF8'),
              'base64'
            ) || '","code":' || to_json(t2.code)::text || ',"customer":' || coalesce(
              (
                select coalesce(
                  (
                    '{"number":' || to_json(t3.number)::text || ',"standing":' || coalesce(
                      (
                        select coalesce(
                          ('{"status":"' || t4.status || '"}'),
                          '{" fault":"missing"}'
                        )
                        from terrace.standing_in_force t4
                        where t4.customer_id = t3.id
                        order by t4.month desc
                        limit 1
                      ),
                      '{"status":"NON_MEMBER"}'
                    ) || ',"accounts":[' || coalesce(
                      (
                        select string_agg(
                          coalesce(
                            (
                              '{"number":' || to_json(t5.number)::text || ',"balance":"' || t5.balance::text || '"}'
                            ),
                            '{" fault":"missing"}'
                          ),
                          ','
                          order by t5.number
                        )
                        from terrace.account t5
                        where t5.customer_id = t3.id
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                )
                from terrace.customer t3
                where t3.id = t2.customer_id
              ),
              'null'
            ) || ',"reportedBy":' || coalesce(
              (
                select coalesce(
                  ('{"number":' || to_json(t6.number)::text || '}'),
                  '{" fault":"missing"}'
                )
                from terrace.manager t6
                where t6.id = t2.reporter_id
              ),
              'null'
            ) || '}'
          ),
          '{" fault":"missing"}'
        )
        from terrace.risk_signal t2
        where t2.customer_id = t1.customer_id
        and t2.id = t1.signal_id
      ),
      'null'
    ) || ',"errors":[' || coalesce(
      (
        select string_agg(
          coalesce(('{"code":' || to_json(t7.code)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t7.ordinality
        )
        from rows
        from (
          jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
        ) with ordinality t7
      ),
      ''
    ) || ']}'
  )
  from jsonb_to_record($2::jsonb) as t1(customer_id integer, signal_id integer, errors jsonb)
)
end;

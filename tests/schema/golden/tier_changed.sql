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
                encode(convert_to('tier_change:' || t1.position, 'UTF8'), 'base64')
              )::text || ',"change":' || coalesce(
                (
                  '{"id":"' || encode(
                    convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                    'base64'
                  ) || '","kind":"' || t1.kind || '","customer":' || coalesce(
                    (
                      select coalesce(
                        (
                          '{"number":' || to_json(t2.number)::text || ',"accounts":[' || coalesce(
                            (
                              select string_agg(
                                coalesce(
                                  ('{"number":' || to_json(t3.number)::text || '}'),
                                  '{" fault":"missing"}'
                                ),
                                ','
                                order by t3.number
                              )
                              from terrace.account t3
                              where t3.customer_id = t2.id
                              and t3.customer_id = $1::integer
                            ),
                            ''
                          ) || ']}'
                        ),
                        '{" fault":"missing"}'
                      )
                      from terrace.customer t2
                      where t2.id = t1.customer_id
                      and t2.id = $1::integer
                    ),
                    'null'
                  ) || ',"toTier":' || coalesce(
                    (
                      select coalesce(
                        ('{"code":' || to_json(t4.code)::text || '}'),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t4
                      where t4.policy_version = t1.policy_version
                      and t4.code = t1.to_tier
                    ),
                    'null'
                  ) || '}'
                ),
                '{" fault":"missing"}'
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
        from terrace.tier_change t1
        where t1.customer_id = $1::integer
        and ((t1.to_status = $2::text))
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
                encode(convert_to('tier_change:' || t1.position, 'UTF8'), 'base64')
              )::text || ',"change":' || coalesce(
                (
                  '{"id":"' || encode(
                    convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                    'base64'
                  ) || '","kind":"' || t1.kind || '","customer":' || coalesce(
                    (
                      select coalesce(
                        (
                          '{"number":' || to_json(t2.number)::text || ',"accounts":[' || coalesce(
                            (
                              select string_agg(
                                coalesce(
                                  ('{"number":' || to_json(t3.number)::text || '}'),
                                  '{" fault":"missing"}'
                                ),
                                ','
                                order by t3.number
                              )
                              from terrace.account t3
                              where t3.customer_id = t2.id
                              and t3.manager_id = $1::integer
                            ),
                            ''
                          ) || ']}'
                        ),
                        '{" fault":"missing"}'
                      )
                      from terrace.customer t2
                      where t2.id = t1.customer_id
                      and t2.manager_id = $1::integer
                    ),
                    'null'
                  ) || ',"toTier":' || coalesce(
                    (
                      select coalesce(
                        ('{"code":' || to_json(t4.code)::text || '}'),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t4
                      where t4.policy_version = t1.policy_version
                      and t4.code = t1.to_tier
                    ),
                    'null'
                  ) || '}'
                ),
                '{" fault":"missing"}'
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
        from terrace.tier_change t1
        where t1.manager_id = $1::integer
        and ((t1.to_status = $2::text))
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
                encode(convert_to('tier_change:' || t1.position, 'UTF8'), 'base64')
              )::text || ',"change":' || coalesce(
                (
                  '{"id":"' || encode(
                    convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                    'base64'
                  ) || '","kind":"' || t1.kind || '","customer":' || coalesce(
                    (
                      select coalesce(
                        (
                          '{"number":' || to_json(t2.number)::text || ',"accounts":[' || coalesce(
                            (
                              select string_agg(
                                coalesce(
                                  ('{"number":' || to_json(t3.number)::text || '}'),
                                  '{" fault":"missing"}'
                                ),
                                ','
                                order by t3.number
                              )
                              from terrace.account t3
                              where t3.customer_id = t2.id
                              and t3.branch_id = $1::integer
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
                  ) || ',"toTier":' || coalesce(
                    (
                      select coalesce(
                        ('{"code":' || to_json(t4.code)::text || '}'),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t4
                      where t4.policy_version = t1.policy_version
                      and t4.code = t1.to_tier
                    ),
                    'null'
                  ) || '}'
                ),
                '{" fault":"missing"}'
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
        from terrace.tier_change t1
        where t1.branch_id = $1::integer
        and ((t1.to_status = $2::text))
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
                encode(convert_to('tier_change:' || t1.position, 'UTF8'), 'base64')
              )::text || ',"change":' || coalesce(
                (
                  '{"id":"' || encode(
                    convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                    'base64'
                  ) || '","kind":"' || t1.kind || '","customer":' || coalesce(
                    (
                      select coalesce(
                        (
                          '{"number":' || to_json(t2.number)::text || ',"accounts":[' || coalesce(
                            (
                              select string_agg(
                                coalesce(
                                  ('{"number":' || to_json(t3.number)::text || '}'),
                                  '{" fault":"missing"}'
                                ),
                                ','
                                order by t3.number
                              )
                              from terrace.account t3
                              where t3.customer_id = t2.id
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
                  ) || ',"toTier":' || coalesce(
                    (
                      select coalesce(
                        ('{"code":' || to_json(t4.code)::text || '}'),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t4
                      where t4.policy_version = t1.policy_version
                      and t4.code = t1.to_tier
                    ),
                    'null'
                  ) || '}'
                ),
                '{" fault":"missing"}'
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
        from terrace.tier_change t1
        where ((t1.to_status = $2::text))
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    ''
  ) || ']'
)
end;

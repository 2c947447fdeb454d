-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"tierChanges":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.tier_change t2
        where t2.customer_id = $1::integer
        and t2.position is not null
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","kind":"' || t1.kind || '","customer":' || coalesce(
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
              ) || ',"manager":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.responsible_id
                  and t4.id = (
                    select own.manager_id
                    from terrace.customer own
                    where own.id = $1::integer
                  )
                ),
                'null'
              ) || ',"toTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t5.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t5
                  where t5.policy_version = t1.policy_version
                  and t5.code = t1.to_tier
                ),
                'null'
              ) || ',"decision":' || coalesce(
                ('{"rule":' || to_json(t1.rule)::text || '}'),
                '{" fault":"missing"}'
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
      row_number() over (order by t1.position) as place
      from (
        select t1.*
        from terrace.tier_change t1
        where t1.customer_id = $1::integer
        and t1.position is not null
        order by t1.position
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || ',"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          (
            '{"tierChanges":' || (
              select (
                '{"nodes":[' || coalesce(
                  string_agg(
                    coalesce(('{"kind":"' || t7.kind || '"}'), '{" fault":"missing"}'),
                    ','
                    order by t7.place
                  ) filter (where t7.place <= $3::integer),
                  ''
                ) || ']}'
              )
              from (
                select t7.*,
                row_number() over (order by t7.position) as place
                from (
                  select t7.*
                  from terrace.tier_change t7
                  where t7.customer_id = t6.id
                  and t7.customer_id = $1::integer
                  and t7.position is not null
                  order by t7.position
                  limit $3::integer + 1
                ) t7
              ) t7
              having true
            ) || ',"riskSignals":' || (
              select (
                '{"totalCount":' || (
                  select count(*)::text
                  from terrace.risk_signal t9
                  where t9.customer_id = t6.id
                  and false
                ) || ',"nodes":[' || coalesce(
                  string_agg(
                    coalesce(
                      (
                        '{"code":' || to_json(t8.code)::text || ',"facts":' || to_json(t8.facts)::text || ',"reportedBy":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t10.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.manager t10
                            where t10.id = t8.reporter_id
                            and t10.id = (
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
                    order by t8.place
                  ) filter (where t8.place <= $3::integer),
                  ''
                ) || ']}'
              )
              from (
                select t8.*,
                row_number() over (order by t8.id) as place
                from (
                  select t8.*
                  from terrace.risk_signal t8
                  where t8.customer_id = t6.id
                  and false
                  order by t8.id
                  limit $3::integer + 1
                ) t8
              ) t8
              having true
            ) || '}'
          ),
          ','
          order by t6.place
        ) filter (where t6.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t6.*,
      row_number() over (order by t6.number) as place
      from (
        select t6.*
        from terrace.customer t6
        where t6.id = $1::integer
        order by t6.number
        limit $2::integer + 1
      ) t6
    ) t6
    having true
  ) || '}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"tierChanges":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.tier_change t2
        where t2.manager_id = $1::integer
        and t2.position is not null
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","kind":"' || t1.kind || '","customer":' || coalesce(
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
              ) || ',"manager":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.responsible_id
                  and t4.id = $1::integer
                ),
                'null'
              ) || ',"toTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t5.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t5
                  where t5.policy_version = t1.policy_version
                  and t5.code = t1.to_tier
                ),
                'null'
              ) || ',"decision":' || coalesce(
                ('{"rule":' || to_json(t1.rule)::text || '}'),
                '{" fault":"missing"}'
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
      row_number() over (order by t1.position) as place
      from (
        select t1.*
        from terrace.tier_change t1
        where t1.manager_id = $1::integer
        and t1.position is not null
        order by t1.position
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || ',"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          (
            '{"tierChanges":' || (
              select (
                '{"nodes":[' || coalesce(
                  string_agg(
                    coalesce(('{"kind":"' || t7.kind || '"}'), '{" fault":"missing"}'),
                    ','
                    order by t7.place
                  ) filter (where t7.place <= $3::integer),
                  ''
                ) || ']}'
              )
              from (
                select t7.*,
                row_number() over (order by t7.position) as place
                from (
                  select t7.*
                  from terrace.tier_change t7
                  where t7.customer_id = t6.id
                  and t7.manager_id = $1::integer
                  and t7.position is not null
                  order by t7.position
                  limit $3::integer + 1
                ) t7
              ) t7
              having true
            ) || ',"riskSignals":' || (
              select (
                '{"totalCount":' || (
                  select count(*)::text
                  from terrace.risk_signal t9
                  where t9.customer_id = t6.id
                  and t9.manager_id = $1::integer
                ) || ',"nodes":[' || coalesce(
                  string_agg(
                    coalesce(
                      (
                        '{"code":' || to_json(t8.code)::text || ',"facts":' || to_json(t8.facts)::text || ',"reportedBy":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t10.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.manager t10
                            where t10.id = t8.reporter_id
                            and t10.id = $1::integer
                          ),
                          'null'
                        ) || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t8.place
                  ) filter (where t8.place <= $3::integer),
                  ''
                ) || ']}'
              )
              from (
                select t8.*,
                row_number() over (order by t8.id) as place
                from (
                  select t8.*
                  from terrace.risk_signal t8
                  where t8.customer_id = t6.id
                  and t8.manager_id = $1::integer
                  order by t8.id
                  limit $3::integer + 1
                ) t8
              ) t8
              having true
            ) || '}'
          ),
          ','
          order by t6.place
        ) filter (where t6.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t6.*,
      row_number() over (order by t6.number) as place
      from (
        select t6.*
        from terrace.customer t6
        where t6.manager_id = $1::integer
        order by t6.number
        limit $2::integer + 1
      ) t6
    ) t6
    having true
  ) || '}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"tierChanges":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.tier_change t2
        where t2.branch_id = $1::integer
        and t2.position is not null
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","kind":"' || t1.kind || '","customer":' || coalesce(
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
              ) || ',"manager":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.responsible_id
                  and t4.branch_id = $1::integer
                ),
                'null'
              ) || ',"toTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t5.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t5
                  where t5.policy_version = t1.policy_version
                  and t5.code = t1.to_tier
                ),
                'null'
              ) || ',"decision":' || coalesce(
                ('{"rule":' || to_json(t1.rule)::text || '}'),
                '{" fault":"missing"}'
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
      row_number() over (order by t1.position) as place
      from (
        select t1.*
        from terrace.tier_change t1
        where t1.branch_id = $1::integer
        and t1.position is not null
        order by t1.position
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || ',"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          (
            '{"tierChanges":' || (
              select (
                '{"nodes":[' || coalesce(
                  string_agg(
                    coalesce(('{"kind":"' || t7.kind || '"}'), '{" fault":"missing"}'),
                    ','
                    order by t7.place
                  ) filter (where t7.place <= $3::integer),
                  ''
                ) || ']}'
              )
              from (
                select t7.*,
                row_number() over (order by t7.position) as place
                from (
                  select t7.*
                  from terrace.tier_change t7
                  where t7.customer_id = t6.id
                  and t7.branch_id = $1::integer
                  and t7.position is not null
                  order by t7.position
                  limit $3::integer + 1
                ) t7
              ) t7
              having true
            ) || ',"riskSignals":' || (
              select (
                '{"totalCount":' || (
                  select count(*)::text
                  from terrace.risk_signal t9
                  where t9.customer_id = t6.id
                  and t9.branch_id = $1::integer
                ) || ',"nodes":[' || coalesce(
                  string_agg(
                    coalesce(
                      (
                        '{"code":' || to_json(t8.code)::text || ',"facts":' || to_json(t8.facts)::text || ',"reportedBy":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t10.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.manager t10
                            where t10.id = t8.reporter_id
                            and t10.branch_id = $1::integer
                          ),
                          'null'
                        ) || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t8.place
                  ) filter (where t8.place <= $3::integer),
                  ''
                ) || ']}'
              )
              from (
                select t8.*,
                row_number() over (order by t8.id) as place
                from (
                  select t8.*
                  from terrace.risk_signal t8
                  where t8.customer_id = t6.id
                  and t8.branch_id = $1::integer
                  order by t8.id
                  limit $3::integer + 1
                ) t8
              ) t8
              having true
            ) || '}'
          ),
          ','
          order by t6.place
        ) filter (where t6.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t6.*,
      row_number() over (order by t6.number) as place
      from (
        select t6.*
        from terrace.customer t6
        where t6.branch_id = $1::integer
        order by t6.number
        limit $2::integer + 1
      ) t6
    ) t6
    having true
  ) || '}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"tierChanges":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.tier_change t2
        where t2.position is not null
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","kind":"' || t1.kind || '","customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t3.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t3
                  where t3.id = t1.customer_id
                ),
                'null'
              ) || ',"manager":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.responsible_id
                ),
                'null'
              ) || ',"toTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t5.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t5
                  where t5.policy_version = t1.policy_version
                  and t5.code = t1.to_tier
                ),
                'null'
              ) || ',"decision":' || coalesce(
                ('{"rule":' || to_json(t1.rule)::text || '}'),
                '{" fault":"missing"}'
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
      row_number() over (order by t1.position) as place
      from (
        select t1.*
        from terrace.tier_change t1
        where t1.position is not null
        order by t1.position
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || ',"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          (
            '{"tierChanges":' || (
              select (
                '{"nodes":[' || coalesce(
                  string_agg(
                    coalesce(('{"kind":"' || t7.kind || '"}'), '{" fault":"missing"}'),
                    ','
                    order by t7.place
                  ) filter (where t7.place <= $3::integer),
                  ''
                ) || ']}'
              )
              from (
                select t7.*,
                row_number() over (order by t7.position) as place
                from (
                  select t7.*
                  from terrace.tier_change t7
                  where t7.customer_id = t6.id
                  and t7.position is not null
                  order by t7.position
                  limit $3::integer + 1
                ) t7
              ) t7
              having true
            ) || ',"riskSignals":' || (
              select (
                '{"totalCount":' || (
                  select count(*)::text
                  from terrace.risk_signal t9
                  where t9.customer_id = t6.id
                ) || ',"nodes":[' || coalesce(
                  string_agg(
                    coalesce(
                      (
                        '{"code":' || to_json(t8.code)::text || ',"facts":' || to_json(t8.facts)::text || ',"reportedBy":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t10.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.manager t10
                            where t10.id = t8.reporter_id
                          ),
                          'null'
                        ) || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t8.place
                  ) filter (where t8.place <= $3::integer),
                  ''
                ) || ']}'
              )
              from (
                select t8.*,
                row_number() over (order by t8.id) as place
                from (
                  select t8.*
                  from terrace.risk_signal t8
                  where t8.customer_id = t6.id
                  order by t8.id
                  limit $3::integer + 1
                ) t8
              ) t8
              having true
            ) || '}'
          ),
          ','
          order by t6.place
        ) filter (where t6.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t6.*,
      row_number() over (order by t6.number) as place
      from (
        select t6.*
        from terrace.customer t6
        where true
        order by t6.number
        limit $2::integer + 1
      ) t6
    ) t6
    having true
  ) || '}'
)
end;

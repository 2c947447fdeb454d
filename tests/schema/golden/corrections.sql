-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"corrections":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.correction t2
        where false
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","month":"' || left(t1.month::text, 7) || '","postedIn":"' || left(t1.posted_in::text, 7) || '","state":"' || t1.state || '","approvedBy":' || coalesce(to_json(t1.approved_by)::text, 'null') || ',"figures":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"month":' || to_json(t3.month)::text || ',"old":' || to_json(t3.old)::text || ',"new":' || to_json(t3.new)::text || ',"complete":' || coalesce((t3.complete)::text, 'null') || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t3.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.figures) as (
                      month text,
                      old text,
                      new text,
                      complete boolean
                    )
                  ) with ordinality t3
                ),
                ''
              ) || '],"customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t4
                  where t4.id = t1.customer_id
                  and t4.id = $1::integer
                ),
                'null'
              ) || ',"fromStatus":"' || t1.from_status || '","fromTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t5.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t5
                  where t5.policy_version = (
                    select p.version
                    from terrace.tier_policy p
                    where p.effective_from <= coalesce(t1.posted_in, 'infinity'::date)
                    order by p.effective_from desc,
                    p.version desc
                    limit 1
                  )
                  and t5.code = t1.from_tier
                ),
                'null'
              ) || ',"fromSince":' || coalesce(to_json(t1.from_since)::text, 'null') || ',"toStatus":"' || t1.to_status || '","toTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t6.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t6
                  where t6.policy_version = (
                    select p.version
                    from terrace.tier_policy p
                    where p.effective_from <= coalesce(t1.posted_in, 'infinity'::date)
                    order by p.effective_from desc,
                    p.version desc
                    limit 1
                  )
                  and t6.code = t1.to_tier
                ),
                'null'
              ) || ',"toShortfallMonths":' || (t1.to_shortfall_months)::text || '}'
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
        from terrace.correction t1
        where false
        order by t1.id
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || ',"waiting":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.correction t8
        where false
        and ((t8.state = $3::text))
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t7.place
        ) filter (where t7.place <= $4::integer),
        ''
      ) || ']}'
    )
    from (
      select t7.*,
      row_number() over (order by t7.id) as place
      from (
        select t7.*
        from terrace.correction t7
        where false
        and ((t7.state = $3::text))
        order by t7.id
        limit $4::integer + 1
      ) t7
    ) t7
    having true
  ) || ',"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          (
            '{"corrections":' || (
              select (
                '{"totalCount":' || (
                  select count(*)::text
                  from terrace.correction t11
                  where t11.customer_id = t9.id
                  and false
                ) || '}'
              )
              from (
                select t10.*,
                row_number() over (order by t10.id) as place
                from (
                  select t10.*
                  from terrace.correction t10
                  where t10.customer_id = t9.id
                  and false
                  order by t10.id
                  limit $4::integer + 1
                ) t10
              ) t10
              having true
            ) || '}'
          ),
          ','
          order by t9.place
        ) filter (where t9.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t9.*,
      row_number() over (order by t9.number) as place
      from (
        select t9.*
        from terrace.customer t9
        where t9.id = $1::integer
        order by t9.number
        limit $2::integer + 1
      ) t9
    ) t9
    having true
  ) || '}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"corrections":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.correction t2
        where t2.manager_id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","month":"' || left(t1.month::text, 7) || '","postedIn":"' || left(t1.posted_in::text, 7) || '","state":"' || t1.state || '","approvedBy":' || coalesce(to_json(t1.approved_by)::text, 'null') || ',"figures":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"month":' || to_json(t3.month)::text || ',"old":' || to_json(t3.old)::text || ',"new":' || to_json(t3.new)::text || ',"complete":' || coalesce((t3.complete)::text, 'null') || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t3.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.figures) as (
                      month text,
                      old text,
                      new text,
                      complete boolean
                    )
                  ) with ordinality t3
                ),
                ''
              ) || '],"customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t4
                  where t4.id = t1.customer_id
                  and t4.manager_id = $1::integer
                ),
                'null'
              ) || ',"fromStatus":"' || t1.from_status || '","fromTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t5.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t5
                  where t5.policy_version = (
                    select p.version
                    from terrace.tier_policy p
                    where p.effective_from <= coalesce(t1.posted_in, 'infinity'::date)
                    order by p.effective_from desc,
                    p.version desc
                    limit 1
                  )
                  and t5.code = t1.from_tier
                ),
                'null'
              ) || ',"fromSince":' || coalesce(to_json(t1.from_since)::text, 'null') || ',"toStatus":"' || t1.to_status || '","toTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t6.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t6
                  where t6.policy_version = (
                    select p.version
                    from terrace.tier_policy p
                    where p.effective_from <= coalesce(t1.posted_in, 'infinity'::date)
                    order by p.effective_from desc,
                    p.version desc
                    limit 1
                  )
                  and t6.code = t1.to_tier
                ),
                'null'
              ) || ',"toShortfallMonths":' || (t1.to_shortfall_months)::text || '}'
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
        from terrace.correction t1
        where t1.manager_id = $1::integer
        order by t1.id
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || ',"waiting":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.correction t8
        where t8.manager_id = $1::integer
        and ((t8.state = $3::text))
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t7.place
        ) filter (where t7.place <= $4::integer),
        ''
      ) || ']}'
    )
    from (
      select t7.*,
      row_number() over (order by t7.id) as place
      from (
        select t7.*
        from terrace.correction t7
        where t7.manager_id = $1::integer
        and ((t7.state = $3::text))
        order by t7.id
        limit $4::integer + 1
      ) t7
    ) t7
    having true
  ) || ',"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          (
            '{"corrections":' || (
              select (
                '{"totalCount":' || (
                  select count(*)::text
                  from terrace.correction t11
                  where t11.customer_id = t9.id
                  and t11.manager_id = $1::integer
                ) || '}'
              )
              from (
                select t10.*,
                row_number() over (order by t10.id) as place
                from (
                  select t10.*
                  from terrace.correction t10
                  where t10.customer_id = t9.id
                  and t10.manager_id = $1::integer
                  order by t10.id
                  limit $4::integer + 1
                ) t10
              ) t10
              having true
            ) || '}'
          ),
          ','
          order by t9.place
        ) filter (where t9.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t9.*,
      row_number() over (order by t9.number) as place
      from (
        select t9.*
        from terrace.customer t9
        where t9.manager_id = $1::integer
        order by t9.number
        limit $2::integer + 1
      ) t9
    ) t9
    having true
  ) || '}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"corrections":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.correction t2
        where t2.branch_id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","month":"' || left(t1.month::text, 7) || '","postedIn":"' || left(t1.posted_in::text, 7) || '","state":"' || t1.state || '","approvedBy":' || coalesce(to_json(t1.approved_by)::text, 'null') || ',"figures":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"month":' || to_json(t3.month)::text || ',"old":' || to_json(t3.old)::text || ',"new":' || to_json(t3.new)::text || ',"complete":' || coalesce((t3.complete)::text, 'null') || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t3.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.figures) as (
                      month text,
                      old text,
                      new text,
                      complete boolean
                    )
                  ) with ordinality t3
                ),
                ''
              ) || '],"customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t4
                  where t4.id = t1.customer_id
                  and t4.branch_id = $1::integer
                ),
                'null'
              ) || ',"fromStatus":"' || t1.from_status || '","fromTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t5.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t5
                  where t5.policy_version = (
                    select p.version
                    from terrace.tier_policy p
                    where p.effective_from <= coalesce(t1.posted_in, 'infinity'::date)
                    order by p.effective_from desc,
                    p.version desc
                    limit 1
                  )
                  and t5.code = t1.from_tier
                ),
                'null'
              ) || ',"fromSince":' || coalesce(to_json(t1.from_since)::text, 'null') || ',"toStatus":"' || t1.to_status || '","toTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t6.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t6
                  where t6.policy_version = (
                    select p.version
                    from terrace.tier_policy p
                    where p.effective_from <= coalesce(t1.posted_in, 'infinity'::date)
                    order by p.effective_from desc,
                    p.version desc
                    limit 1
                  )
                  and t6.code = t1.to_tier
                ),
                'null'
              ) || ',"toShortfallMonths":' || (t1.to_shortfall_months)::text || '}'
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
        from terrace.correction t1
        where t1.branch_id = $1::integer
        order by t1.id
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || ',"waiting":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.correction t8
        where t8.branch_id = $1::integer
        and ((t8.state = $3::text))
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t7.place
        ) filter (where t7.place <= $4::integer),
        ''
      ) || ']}'
    )
    from (
      select t7.*,
      row_number() over (order by t7.id) as place
      from (
        select t7.*
        from terrace.correction t7
        where t7.branch_id = $1::integer
        and ((t7.state = $3::text))
        order by t7.id
        limit $4::integer + 1
      ) t7
    ) t7
    having true
  ) || ',"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          (
            '{"corrections":' || (
              select (
                '{"totalCount":' || (
                  select count(*)::text
                  from terrace.correction t11
                  where t11.customer_id = t9.id
                  and t11.branch_id = $1::integer
                ) || '}'
              )
              from (
                select t10.*,
                row_number() over (order by t10.id) as place
                from (
                  select t10.*
                  from terrace.correction t10
                  where t10.customer_id = t9.id
                  and t10.branch_id = $1::integer
                  order by t10.id
                  limit $4::integer + 1
                ) t10
              ) t10
              having true
            ) || '}'
          ),
          ','
          order by t9.place
        ) filter (where t9.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t9.*,
      row_number() over (order by t9.number) as place
      from (
        select t9.*
        from terrace.customer t9
        where t9.branch_id = $1::integer
        order by t9.number
        limit $2::integer + 1
      ) t9
    ) t9
    having true
  ) || '}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"corrections":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.correction t2
        where true
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ) || '","month":"' || left(t1.month::text, 7) || '","postedIn":"' || left(t1.posted_in::text, 7) || '","state":"' || t1.state || '","approvedBy":' || coalesce(to_json(t1.approved_by)::text, 'null') || ',"figures":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"month":' || to_json(t3.month)::text || ',"old":' || to_json(t3.old)::text || ',"new":' || to_json(t3.new)::text || ',"complete":' || coalesce((t3.complete)::text, 'null') || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t3.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.figures) as (
                      month text,
                      old text,
                      new text,
                      complete boolean
                    )
                  ) with ordinality t3
                ),
                ''
              ) || '],"customer":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.customer t4
                  where t4.id = t1.customer_id
                ),
                'null'
              ) || ',"fromStatus":"' || t1.from_status || '","fromTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t5.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t5
                  where t5.policy_version = (
                    select p.version
                    from terrace.tier_policy p
                    where p.effective_from <= coalesce(t1.posted_in, 'infinity'::date)
                    order by p.effective_from desc,
                    p.version desc
                    limit 1
                  )
                  and t5.code = t1.from_tier
                ),
                'null'
              ) || ',"fromSince":' || coalesce(to_json(t1.from_since)::text, 'null') || ',"toStatus":"' || t1.to_status || '","toTier":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t6.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.tier t6
                  where t6.policy_version = (
                    select p.version
                    from terrace.tier_policy p
                    where p.effective_from <= coalesce(t1.posted_in, 'infinity'::date)
                    order by p.effective_from desc,
                    p.version desc
                    limit 1
                  )
                  and t6.code = t1.to_tier
                ),
                'null'
              ) || ',"toShortfallMonths":' || (t1.to_shortfall_months)::text || '}'
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
        from terrace.correction t1
        where true
        order by t1.id
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || ',"waiting":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.correction t8
        where ((t8.state = $3::text))
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t7.place
        ) filter (where t7.place <= $4::integer),
        ''
      ) || ']}'
    )
    from (
      select t7.*,
      row_number() over (order by t7.id) as place
      from (
        select t7.*
        from terrace.correction t7
        where ((t7.state = $3::text))
        order by t7.id
        limit $4::integer + 1
      ) t7
    ) t7
    having true
  ) || ',"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          (
            '{"corrections":' || (
              select (
                '{"totalCount":' || (
                  select count(*)::text
                  from terrace.correction t11
                  where t11.customer_id = t9.id
                ) || '}'
              )
              from (
                select t10.*,
                row_number() over (order by t10.id) as place
                from (
                  select t10.*
                  from terrace.correction t10
                  where t10.customer_id = t9.id
                  order by t10.id
                  limit $4::integer + 1
                ) t10
              ) t10
              having true
            ) || '}'
          ),
          ','
          order by t9.place
        ) filter (where t9.place <= $2::integer),
        ''
      ) || ']}'
    )
    from (
      select t9.*,
      row_number() over (order by t9.number) as place
      from (
        select t9.*
        from terrace.customer t9
        where true
        order by t9.number
        limit $2::integer + 1
      ) t9
    ) t9
    having true
  ) || '}'
)
end;

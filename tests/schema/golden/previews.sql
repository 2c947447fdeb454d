-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"tierPolicyPreviews":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.policy_preview t2
        where false
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicyPreview:' || t1.id, 'UTF8'),
                'base64'
              ) || '","state":"' || t1.state || '","stale":' || coalesce(
                to_json(
                  (
                    t1.last_closed is distinct
                    from (select c.last_closed from terrace.calendar c)
                    or t1.corrections_made <> (
                      select m.last_value
                      from terrace.corrections_made m
                    )
                  )
                )::text,
                'null'
              ) || ',"customers":' || (t1.customers)::text || ',"matrix":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"toTier":' || coalesce(to_json(t3.to_tier)::text, 'null') || ',"customers":' || (t3.customers)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t3.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.matrix) as (
                      from_status text,
                      from_tier text,
                      to_status text,
                      to_tier text,
                      customers integer,
                      aum_before text,
                      aum_after text
                    )
                  ) with ordinality t3
                ),
                ''
              ) || '],"managers":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"manager":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t5.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.manager t5
                            where t5.id = t4.manager_id
                            and t5.id = (
                              select own.manager_id
                              from terrace.customer own
                              where own.id = $1::integer
                            )
                          ),
                          'null'
                        ) || ',"customers":' || (t4.customers)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t4.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.managers) as (
                      manager_id integer,
                      customers integer,
                      entering integer,
                      rising integer,
                      falling integer,
                      leaving integer
                    )
                  ) with ordinality t4
                ),
                ''
              ) || '],"touchedCustomers":' || (
                select (
                  '{"totalCount":' || (
                    select count(*)::text
                    from terrace.policy_preview_customer t7
                    where t7.preview_id =
                    case
                    when t1.state = 'DONE' then t1.id
                    end
                    and false
                    and ((t7.to_tier = $3::text))
                  ) || ',"nodes":[' || coalesce(
                    string_agg(
                      coalesce(
                        (
                          '{"customer":' || coalesce(
                            (
                              select coalesce(
                                ('{"number":' || to_json(t8.number)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.customer t8
                              where t8.id = t6.customer_id
                              and t8.id = $1::integer
                            ),
                            'null'
                          ) || ',"manager":' || coalesce(
                            (
                              select coalesce(
                                ('{"number":' || to_json(t9.number)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.manager t9
                              where t9.id = nullif(t6.manager_id, 0)
                              and t9.id = (
                                select own.manager_id
                                from terrace.customer own
                                where own.id = $1::integer
                              )
                            ),
                            'null'
                          ) || ',"movement":"' || t6.movement || '","fromStatus":"' || t6.from_status || '","toTier":' || coalesce(to_json(t6.to_tier)::text, 'null') || ',"aumAfter":"' || t6.aum_after::text || '"}'
                        ),
                        '{" fault":"missing"}'
                      ),
                      ','
                      order by t6.place
                    ) filter (where t6.place <= $2::integer),
                    ''
                  ) || ']}'
                )
                from (
                  select t6.*,
                  row_number() over (order by t6.customer_id) as place
                  from (
                    select t6.*
                    from terrace.policy_preview_customer t6
                    where t6.preview_id =
                    case
                    when t1.state = 'DONE' then t1.id
                    end
                    and false
                    and ((t6.to_tier = $3::text))
                    order by t6.customer_id
                    limit $2::integer + 1
                  ) t6
                ) t6
                having true
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
      row_number() over (order by t1.id desc) as place
      from (
        select t1.*
        from terrace.policy_preview t1
        where false
        order by t1.id desc
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
  '{"tierPolicyPreviews":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.policy_preview t2
        where false
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicyPreview:' || t1.id, 'UTF8'),
                'base64'
              ) || '","state":"' || t1.state || '","stale":' || coalesce(
                to_json(
                  (
                    t1.last_closed is distinct
                    from (select c.last_closed from terrace.calendar c)
                    or t1.corrections_made <> (
                      select m.last_value
                      from terrace.corrections_made m
                    )
                  )
                )::text,
                'null'
              ) || ',"customers":' || (t1.customers)::text || ',"matrix":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"toTier":' || coalesce(to_json(t3.to_tier)::text, 'null') || ',"customers":' || (t3.customers)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t3.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.matrix) as (
                      from_status text,
                      from_tier text,
                      to_status text,
                      to_tier text,
                      customers integer,
                      aum_before text,
                      aum_after text
                    )
                  ) with ordinality t3
                ),
                ''
              ) || '],"managers":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"manager":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t5.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.manager t5
                            where t5.id = t4.manager_id
                            and t5.id = $1::integer
                          ),
                          'null'
                        ) || ',"customers":' || (t4.customers)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t4.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.managers) as (
                      manager_id integer,
                      customers integer,
                      entering integer,
                      rising integer,
                      falling integer,
                      leaving integer
                    )
                  ) with ordinality t4
                ),
                ''
              ) || '],"touchedCustomers":' || (
                select (
                  '{"totalCount":' || (
                    select count(*)::text
                    from terrace.policy_preview_customer t7
                    where t7.preview_id =
                    case
                    when t1.state = 'DONE' then t1.id
                    end
                    and false
                    and ((t7.to_tier = $3::text))
                  ) || ',"nodes":[' || coalesce(
                    string_agg(
                      coalesce(
                        (
                          '{"customer":' || coalesce(
                            (
                              select coalesce(
                                ('{"number":' || to_json(t8.number)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.customer t8
                              where t8.id = t6.customer_id
                              and t8.manager_id = $1::integer
                            ),
                            'null'
                          ) || ',"manager":' || coalesce(
                            (
                              select coalesce(
                                ('{"number":' || to_json(t9.number)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.manager t9
                              where t9.id = nullif(t6.manager_id, 0)
                              and t9.id = $1::integer
                            ),
                            'null'
                          ) || ',"movement":"' || t6.movement || '","fromStatus":"' || t6.from_status || '","toTier":' || coalesce(to_json(t6.to_tier)::text, 'null') || ',"aumAfter":"' || t6.aum_after::text || '"}'
                        ),
                        '{" fault":"missing"}'
                      ),
                      ','
                      order by t6.place
                    ) filter (where t6.place <= $2::integer),
                    ''
                  ) || ']}'
                )
                from (
                  select t6.*,
                  row_number() over (order by t6.customer_id) as place
                  from (
                    select t6.*
                    from terrace.policy_preview_customer t6
                    where t6.preview_id =
                    case
                    when t1.state = 'DONE' then t1.id
                    end
                    and false
                    and ((t6.to_tier = $3::text))
                    order by t6.customer_id
                    limit $2::integer + 1
                  ) t6
                ) t6
                having true
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
      row_number() over (order by t1.id desc) as place
      from (
        select t1.*
        from terrace.policy_preview t1
        where false
        order by t1.id desc
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
  '{"tierPolicyPreviews":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.policy_preview t2
        where false
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicyPreview:' || t1.id, 'UTF8'),
                'base64'
              ) || '","state":"' || t1.state || '","stale":' || coalesce(
                to_json(
                  (
                    t1.last_closed is distinct
                    from (select c.last_closed from terrace.calendar c)
                    or t1.corrections_made <> (
                      select m.last_value
                      from terrace.corrections_made m
                    )
                  )
                )::text,
                'null'
              ) || ',"customers":' || (t1.customers)::text || ',"matrix":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"toTier":' || coalesce(to_json(t3.to_tier)::text, 'null') || ',"customers":' || (t3.customers)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t3.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.matrix) as (
                      from_status text,
                      from_tier text,
                      to_status text,
                      to_tier text,
                      customers integer,
                      aum_before text,
                      aum_after text
                    )
                  ) with ordinality t3
                ),
                ''
              ) || '],"managers":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"manager":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t5.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.manager t5
                            where t5.id = t4.manager_id
                            and t5.branch_id = $1::integer
                          ),
                          'null'
                        ) || ',"customers":' || (t4.customers)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t4.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.managers) as (
                      manager_id integer,
                      customers integer,
                      entering integer,
                      rising integer,
                      falling integer,
                      leaving integer
                    )
                  ) with ordinality t4
                ),
                ''
              ) || '],"touchedCustomers":' || (
                select (
                  '{"totalCount":' || (
                    select count(*)::text
                    from terrace.policy_preview_customer t7
                    where t7.preview_id =
                    case
                    when t1.state = 'DONE' then t1.id
                    end
                    and false
                    and ((t7.to_tier = $3::text))
                  ) || ',"nodes":[' || coalesce(
                    string_agg(
                      coalesce(
                        (
                          '{"customer":' || coalesce(
                            (
                              select coalesce(
                                ('{"number":' || to_json(t8.number)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.customer t8
                              where t8.id = t6.customer_id
                              and t8.branch_id = $1::integer
                            ),
                            'null'
                          ) || ',"manager":' || coalesce(
                            (
                              select coalesce(
                                ('{"number":' || to_json(t9.number)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.manager t9
                              where t9.id = nullif(t6.manager_id, 0)
                              and t9.branch_id = $1::integer
                            ),
                            'null'
                          ) || ',"movement":"' || t6.movement || '","fromStatus":"' || t6.from_status || '","toTier":' || coalesce(to_json(t6.to_tier)::text, 'null') || ',"aumAfter":"' || t6.aum_after::text || '"}'
                        ),
                        '{" fault":"missing"}'
                      ),
                      ','
                      order by t6.place
                    ) filter (where t6.place <= $2::integer),
                    ''
                  ) || ']}'
                )
                from (
                  select t6.*,
                  row_number() over (order by t6.customer_id) as place
                  from (
                    select t6.*
                    from terrace.policy_preview_customer t6
                    where t6.preview_id =
                    case
                    when t1.state = 'DONE' then t1.id
                    end
                    and false
                    and ((t6.to_tier = $3::text))
                    order by t6.customer_id
                    limit $2::integer + 1
                  ) t6
                ) t6
                having true
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
      row_number() over (order by t1.id desc) as place
      from (
        select t1.*
        from terrace.policy_preview t1
        where false
        order by t1.id desc
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
  '{"tierPolicyPreviews":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.policy_preview t2
        where true
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicyPreview:' || t1.id, 'UTF8'),
                'base64'
              ) || '","state":"' || t1.state || '","stale":' || coalesce(
                to_json(
                  (
                    t1.last_closed is distinct
                    from (select c.last_closed from terrace.calendar c)
                    or t1.corrections_made <> (
                      select m.last_value
                      from terrace.corrections_made m
                    )
                  )
                )::text,
                'null'
              ) || ',"customers":' || (t1.customers)::text || ',"matrix":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"toTier":' || coalesce(to_json(t3.to_tier)::text, 'null') || ',"customers":' || (t3.customers)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t3.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.matrix) as (
                      from_status text,
                      from_tier text,
                      to_status text,
                      to_tier text,
                      customers integer,
                      aum_before text,
                      aum_after text
                    )
                  ) with ordinality t3
                ),
                ''
              ) || '],"managers":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"manager":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t5.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.manager t5
                            where t5.id = t4.manager_id
                          ),
                          'null'
                        ) || ',"customers":' || (t4.customers)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t4.ordinality
                  )
                  from rows
                  from (
                    jsonb_to_recordset(t1.managers) as (
                      manager_id integer,
                      customers integer,
                      entering integer,
                      rising integer,
                      falling integer,
                      leaving integer
                    )
                  ) with ordinality t4
                ),
                ''
              ) || '],"touchedCustomers":' || (
                select (
                  '{"totalCount":' || (
                    select count(*)::text
                    from terrace.policy_preview_customer t7
                    where t7.preview_id =
                    case
                    when t1.state = 'DONE' then t1.id
                    end
                    and ((t7.to_tier = $3::text))
                  ) || ',"nodes":[' || coalesce(
                    string_agg(
                      coalesce(
                        (
                          '{"customer":' || coalesce(
                            (
                              select coalesce(
                                ('{"number":' || to_json(t8.number)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.customer t8
                              where t8.id = t6.customer_id
                            ),
                            'null'
                          ) || ',"manager":' || coalesce(
                            (
                              select coalesce(
                                ('{"number":' || to_json(t9.number)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.manager t9
                              where t9.id = nullif(t6.manager_id, 0)
                            ),
                            'null'
                          ) || ',"movement":"' || t6.movement || '","fromStatus":"' || t6.from_status || '","toTier":' || coalesce(to_json(t6.to_tier)::text, 'null') || ',"aumAfter":"' || t6.aum_after::text || '"}'
                        ),
                        '{" fault":"missing"}'
                      ),
                      ','
                      order by t6.place
                    ) filter (where t6.place <= $2::integer),
                    ''
                  ) || ']}'
                )
                from (
                  select t6.*,
                  row_number() over (order by t6.customer_id) as place
                  from (
                    select t6.*
                    from terrace.policy_preview_customer t6
                    where t6.preview_id =
                    case
                    when t1.state = 'DONE' then t1.id
                    end
                    and ((t6.to_tier = $3::text))
                    order by t6.customer_id
                    limit $2::integer + 1
                  ) t6
                ) t6
                having true
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
      row_number() over (order by t1.id desc) as place
      from (
        select t1.*
        from terrace.policy_preview t1
        where true
        order by t1.id desc
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

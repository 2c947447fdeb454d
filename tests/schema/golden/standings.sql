-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"number":' || to_json(t1.number)::text || ',"standing":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"status":"' || t2.status || '","tier":' || coalesce(
                        (
                          select coalesce(
                            (
                              '{"code":' || to_json(t3.code)::text || ',"name":' || to_json(t3.name)::text || '}'
                            ),
                            '{" fault":"missing"}'
                          )
                          from terrace.tier t3
                          where t3.policy_version = t2.policy_version
                          and t3.code = t2.tier
                        ),
                        'null'
                      ) || ',"since":' || coalesce('"' || left(t2.since::text, 7) || '"', 'null') || ',"decision":' ||
                      case
                      when t2.rule is not null then coalesce(
                        (
                          '{"rule":' || to_json(t2.rule)::text || ',"explanation":{" fill":"0","month":' || coalesce(
                            '"' || left(t2.decision_month::text, 7) || '"',
                            'null'
                          ) || ',"before":' || coalesce((t2.before)::text, 'null') || ',"after":' || coalesce((t2.state)::text, 'null') || ',"rule":' || coalesce(to_json(t2.rule)::text, 'null') || ',"policy_version":' || coalesce((t2.policy_version)::text, 'null') || ',"judged":' || coalesce((t2.judged)::text, 'null') || ',"policies":[' || coalesce(
                            (
                              select string_agg(
                                (
                                  '{"version":' || coalesce((t4.version)::text, 'null') || ',"document":' || coalesce((t4.document)::text, 'null') || '}'
                                ),
                                ','
                                order by t4.version
                              )
                              from terrace.tier_policy t4
                              where true
                            ),
                            ''
                          ) || ']},"policy":' || coalesce(
                            (
                              select coalesce(
                                ('{"version":' || (t5.version)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.tier_policy t5
                              where t5.version = t2.policy_version
                            ),
                            'null'
                          ) || ',"judged":[' || coalesce(
                            (
                              select string_agg(
                                coalesce(
                                  (
                                    '{"month":' || to_json(t6.month)::text || ',"total":' || to_json(t6.total)::text || ',"reached":' || coalesce(
                                      (
                                        select coalesce(
                                          ('{"code":' || to_json(t7.code)::text || '}'),
                                          '{" fault":"missing"}'
                                        )
                                        from terrace.tier t7
                                        where t7.policy_version = (
                                          select p.version
                                          from terrace.tier_policy p
                                          where p.effective_from <= coalesce((t6.month || '-01')::date, 'infinity'::date)
                                          order by p.effective_from desc,
                                          p.version desc
                                          limit 1
                                        )
                                        and t7.code = t6.reached
                                      ),
                                      'null'
                                    ) || '}'
                                  ),
                                  '{" fault":"missing"}'
                                ),
                                ','
                                order by t6.ordinality
                              )
                              from rows
                              from (
                                jsonb_to_recordset(t2.judged) as (month text, total text, reached text)
                              ) with ordinality t6
                            ),
                            ''
                          ) || ']}'
                        ),
                        '{" fault":"missing"}'
                      )
                      else 'null'
                      end || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.customer_id = $1::integer
                  order by t2.month desc
                  limit 1
                ),
                (
                  '{"status":"NON_MEMBER","tier":' || coalesce(to_json(null::text)::text, 'null') || ',"since":' || coalesce(to_json(null::text)::text, 'null') || ',"decision":' || coalesce(to_json(null::text)::text, 'null') || '}'
                )
              ) || ',"outlook":{" fill":"1","calendar":' || coalesce(
                (
                  select (
                    '{"month":' || coalesce(
                      '"' || left(t8.open_month::text, 7) || '"',
                      'null'
                    ) || ',"business_date":' || coalesce('"' || t8.business_date::text || '"', 'null') || '}'
                  )
                  from terrace.calendar t8
                  where true
                ),
                'null'
              ) || ',"aum":' || coalesce(
                (
                  select (
                    '{"total":' || coalesce(
                      to_json(
                        (t9.deposits_sum + t9.investments_sum + t9.settlement_funds_sum)::text
                      )::text,
                      'null'
                    ) || ',"level":' || coalesce('"' || t9.level::text || '"', 'null') || ',"days":' || coalesce((t9.days)::text, 'null') || ',"complete":' || coalesce((t9.complete)::text, 'null') || '}'
                  )
                  from terrace.aum_figure t9
                  where t9.customer_id = t1.id
                  and t9.customer_id = $1::integer
                  and t9.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"standing":' || coalesce(
                (
                  select ('{"state":' || coalesce((t10.state)::text, 'null') || '}')
                  from terrace.standing_in_force t10
                  where t10.customer_id = t1.id
                  and t10.customer_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                'null'
              ) || ',"replayed":' || coalesce(
                (
                  select ('{"state":' || coalesce((t11.state)::text, 'null') || '}')
                  from terrace.replayed_standing t11
                  where t11.customer_id = t1.id
                  and t11.customer_id = $1::integer
                  and t11.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"policies":[' || coalesce(
                (
                  select string_agg(
                    (
                      '{"version":' || coalesce((t12.version)::text, 'null') || ',"document":' || coalesce((t12.document)::text, 'null') || '}'
                    ),
                    ','
                    order by t12.version
                  )
                  from terrace.tier_policy t12
                  where true
                ),
                ''
              ) || '],"grants":[' || coalesce(
                (
                  select string_agg(
                    (
                      '{"start":' || coalesce('"' || t13.starts::text || '"', 'null') || ',"until":' || coalesce('"' || t13.until::text || '"', 'null') || ',"revoked_on":' || coalesce('"' || t13.revoked_on::text || '"', 'null') || '}'
                    ),
                    ','
                    order by t13.id
                  )
                  from terrace.special_grant t13
                  where t13.customer_id = t1.id
                  and t13.customer_id = $1::integer
                ),
                ''
              ) || ']}}'
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
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.customer t1
        where t1.id = $1::integer
        order by t1.number
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
  '{"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"number":' || to_json(t1.number)::text || ',"standing":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"status":"' || t2.status || '","tier":' || coalesce(
                        (
                          select coalesce(
                            (
                              '{"code":' || to_json(t3.code)::text || ',"name":' || to_json(t3.name)::text || '}'
                            ),
                            '{" fault":"missing"}'
                          )
                          from terrace.tier t3
                          where t3.policy_version = t2.policy_version
                          and t3.code = t2.tier
                        ),
                        'null'
                      ) || ',"since":' || coalesce('"' || left(t2.since::text, 7) || '"', 'null') || ',"decision":' ||
                      case
                      when t2.rule is not null then coalesce(
                        (
                          '{"rule":' || to_json(t2.rule)::text || ',"explanation":{" fill":"0","month":' || coalesce(
                            '"' || left(t2.decision_month::text, 7) || '"',
                            'null'
                          ) || ',"before":' || coalesce((t2.before)::text, 'null') || ',"after":' || coalesce((t2.state)::text, 'null') || ',"rule":' || coalesce(to_json(t2.rule)::text, 'null') || ',"policy_version":' || coalesce((t2.policy_version)::text, 'null') || ',"judged":' || coalesce((t2.judged)::text, 'null') || ',"policies":[' || coalesce(
                            (
                              select string_agg(
                                (
                                  '{"version":' || coalesce((t4.version)::text, 'null') || ',"document":' || coalesce((t4.document)::text, 'null') || '}'
                                ),
                                ','
                                order by t4.version
                              )
                              from terrace.tier_policy t4
                              where true
                            ),
                            ''
                          ) || ']},"policy":' || coalesce(
                            (
                              select coalesce(
                                ('{"version":' || (t5.version)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.tier_policy t5
                              where t5.version = t2.policy_version
                            ),
                            'null'
                          ) || ',"judged":[' || coalesce(
                            (
                              select string_agg(
                                coalesce(
                                  (
                                    '{"month":' || to_json(t6.month)::text || ',"total":' || to_json(t6.total)::text || ',"reached":' || coalesce(
                                      (
                                        select coalesce(
                                          ('{"code":' || to_json(t7.code)::text || '}'),
                                          '{" fault":"missing"}'
                                        )
                                        from terrace.tier t7
                                        where t7.policy_version = (
                                          select p.version
                                          from terrace.tier_policy p
                                          where p.effective_from <= coalesce((t6.month || '-01')::date, 'infinity'::date)
                                          order by p.effective_from desc,
                                          p.version desc
                                          limit 1
                                        )
                                        and t7.code = t6.reached
                                      ),
                                      'null'
                                    ) || '}'
                                  ),
                                  '{" fault":"missing"}'
                                ),
                                ','
                                order by t6.ordinality
                              )
                              from rows
                              from (
                                jsonb_to_recordset(t2.judged) as (month text, total text, reached text)
                              ) with ordinality t6
                            ),
                            ''
                          ) || ']}'
                        ),
                        '{" fault":"missing"}'
                      )
                      else 'null'
                      end || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.manager_id = $1::integer
                  order by t2.month desc
                  limit 1
                ),
                (
                  '{"status":"NON_MEMBER","tier":' || coalesce(to_json(null::text)::text, 'null') || ',"since":' || coalesce(to_json(null::text)::text, 'null') || ',"decision":' || coalesce(to_json(null::text)::text, 'null') || '}'
                )
              ) || ',"outlook":{" fill":"1","calendar":' || coalesce(
                (
                  select (
                    '{"month":' || coalesce(
                      '"' || left(t8.open_month::text, 7) || '"',
                      'null'
                    ) || ',"business_date":' || coalesce('"' || t8.business_date::text || '"', 'null') || '}'
                  )
                  from terrace.calendar t8
                  where true
                ),
                'null'
              ) || ',"aum":' || coalesce(
                (
                  select (
                    '{"total":' || coalesce(
                      to_json(
                        (t9.deposits_sum + t9.investments_sum + t9.settlement_funds_sum)::text
                      )::text,
                      'null'
                    ) || ',"level":' || coalesce('"' || t9.level::text || '"', 'null') || ',"days":' || coalesce((t9.days)::text, 'null') || ',"complete":' || coalesce((t9.complete)::text, 'null') || '}'
                  )
                  from terrace.aum_figure t9
                  where t9.customer_id = t1.id
                  and t9.manager_id = $1::integer
                  and t9.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"standing":' || coalesce(
                (
                  select ('{"state":' || coalesce((t10.state)::text, 'null') || '}')
                  from terrace.standing_in_force t10
                  where t10.customer_id = t1.id
                  and t10.manager_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                'null'
              ) || ',"replayed":' || coalesce(
                (
                  select ('{"state":' || coalesce((t11.state)::text, 'null') || '}')
                  from terrace.replayed_standing t11
                  where t11.customer_id = t1.id
                  and t11.manager_id = $1::integer
                  and t11.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"policies":[' || coalesce(
                (
                  select string_agg(
                    (
                      '{"version":' || coalesce((t12.version)::text, 'null') || ',"document":' || coalesce((t12.document)::text, 'null') || '}'
                    ),
                    ','
                    order by t12.version
                  )
                  from terrace.tier_policy t12
                  where true
                ),
                ''
              ) || '],"grants":[' || coalesce(
                (
                  select string_agg(
                    (
                      '{"start":' || coalesce('"' || t13.starts::text || '"', 'null') || ',"until":' || coalesce('"' || t13.until::text || '"', 'null') || ',"revoked_on":' || coalesce('"' || t13.revoked_on::text || '"', 'null') || '}'
                    ),
                    ','
                    order by t13.id
                  )
                  from terrace.special_grant t13
                  where t13.customer_id = t1.id
                  and t13.manager_id = $1::integer
                ),
                ''
              ) || ']}}'
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
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.customer t1
        where t1.manager_id = $1::integer
        order by t1.number
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
  '{"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"number":' || to_json(t1.number)::text || ',"standing":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"status":"' || t2.status || '","tier":' || coalesce(
                        (
                          select coalesce(
                            (
                              '{"code":' || to_json(t3.code)::text || ',"name":' || to_json(t3.name)::text || '}'
                            ),
                            '{" fault":"missing"}'
                          )
                          from terrace.tier t3
                          where t3.policy_version = t2.policy_version
                          and t3.code = t2.tier
                        ),
                        'null'
                      ) || ',"since":' || coalesce('"' || left(t2.since::text, 7) || '"', 'null') || ',"decision":' ||
                      case
                      when t2.rule is not null then coalesce(
                        (
                          '{"rule":' || to_json(t2.rule)::text || ',"explanation":{" fill":"0","month":' || coalesce(
                            '"' || left(t2.decision_month::text, 7) || '"',
                            'null'
                          ) || ',"before":' || coalesce((t2.before)::text, 'null') || ',"after":' || coalesce((t2.state)::text, 'null') || ',"rule":' || coalesce(to_json(t2.rule)::text, 'null') || ',"policy_version":' || coalesce((t2.policy_version)::text, 'null') || ',"judged":' || coalesce((t2.judged)::text, 'null') || ',"policies":[' || coalesce(
                            (
                              select string_agg(
                                (
                                  '{"version":' || coalesce((t4.version)::text, 'null') || ',"document":' || coalesce((t4.document)::text, 'null') || '}'
                                ),
                                ','
                                order by t4.version
                              )
                              from terrace.tier_policy t4
                              where true
                            ),
                            ''
                          ) || ']},"policy":' || coalesce(
                            (
                              select coalesce(
                                ('{"version":' || (t5.version)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.tier_policy t5
                              where t5.version = t2.policy_version
                            ),
                            'null'
                          ) || ',"judged":[' || coalesce(
                            (
                              select string_agg(
                                coalesce(
                                  (
                                    '{"month":' || to_json(t6.month)::text || ',"total":' || to_json(t6.total)::text || ',"reached":' || coalesce(
                                      (
                                        select coalesce(
                                          ('{"code":' || to_json(t7.code)::text || '}'),
                                          '{" fault":"missing"}'
                                        )
                                        from terrace.tier t7
                                        where t7.policy_version = (
                                          select p.version
                                          from terrace.tier_policy p
                                          where p.effective_from <= coalesce((t6.month || '-01')::date, 'infinity'::date)
                                          order by p.effective_from desc,
                                          p.version desc
                                          limit 1
                                        )
                                        and t7.code = t6.reached
                                      ),
                                      'null'
                                    ) || '}'
                                  ),
                                  '{" fault":"missing"}'
                                ),
                                ','
                                order by t6.ordinality
                              )
                              from rows
                              from (
                                jsonb_to_recordset(t2.judged) as (month text, total text, reached text)
                              ) with ordinality t6
                            ),
                            ''
                          ) || ']}'
                        ),
                        '{" fault":"missing"}'
                      )
                      else 'null'
                      end || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.branch_id = $1::integer
                  order by t2.month desc
                  limit 1
                ),
                (
                  '{"status":"NON_MEMBER","tier":' || coalesce(to_json(null::text)::text, 'null') || ',"since":' || coalesce(to_json(null::text)::text, 'null') || ',"decision":' || coalesce(to_json(null::text)::text, 'null') || '}'
                )
              ) || ',"outlook":{" fill":"1","calendar":' || coalesce(
                (
                  select (
                    '{"month":' || coalesce(
                      '"' || left(t8.open_month::text, 7) || '"',
                      'null'
                    ) || ',"business_date":' || coalesce('"' || t8.business_date::text || '"', 'null') || '}'
                  )
                  from terrace.calendar t8
                  where true
                ),
                'null'
              ) || ',"aum":' || coalesce(
                (
                  select (
                    '{"total":' || coalesce(
                      to_json(
                        (t9.deposits_sum + t9.investments_sum + t9.settlement_funds_sum)::text
                      )::text,
                      'null'
                    ) || ',"level":' || coalesce('"' || t9.level::text || '"', 'null') || ',"days":' || coalesce((t9.days)::text, 'null') || ',"complete":' || coalesce((t9.complete)::text, 'null') || '}'
                  )
                  from terrace.aum_figure t9
                  where t9.customer_id = t1.id
                  and t9.branch_id = $1::integer
                  and t9.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"standing":' || coalesce(
                (
                  select ('{"state":' || coalesce((t10.state)::text, 'null') || '}')
                  from terrace.standing_in_force t10
                  where t10.customer_id = t1.id
                  and t10.branch_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                'null'
              ) || ',"replayed":' || coalesce(
                (
                  select ('{"state":' || coalesce((t11.state)::text, 'null') || '}')
                  from terrace.replayed_standing t11
                  where t11.customer_id = t1.id
                  and t11.branch_id = $1::integer
                  and t11.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"policies":[' || coalesce(
                (
                  select string_agg(
                    (
                      '{"version":' || coalesce((t12.version)::text, 'null') || ',"document":' || coalesce((t12.document)::text, 'null') || '}'
                    ),
                    ','
                    order by t12.version
                  )
                  from terrace.tier_policy t12
                  where true
                ),
                ''
              ) || '],"grants":[' || coalesce(
                (
                  select string_agg(
                    (
                      '{"start":' || coalesce('"' || t13.starts::text || '"', 'null') || ',"until":' || coalesce('"' || t13.until::text || '"', 'null') || ',"revoked_on":' || coalesce('"' || t13.revoked_on::text || '"', 'null') || '}'
                    ),
                    ','
                    order by t13.id
                  )
                  from terrace.special_grant t13
                  where t13.customer_id = t1.id
                  and t13.branch_id = $1::integer
                ),
                ''
              ) || ']}}'
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
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.customer t1
        where t1.branch_id = $1::integer
        order by t1.number
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
  '{"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"number":' || to_json(t1.number)::text || ',"standing":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"status":"' || t2.status || '","tier":' || coalesce(
                        (
                          select coalesce(
                            (
                              '{"code":' || to_json(t3.code)::text || ',"name":' || to_json(t3.name)::text || '}'
                            ),
                            '{" fault":"missing"}'
                          )
                          from terrace.tier t3
                          where t3.policy_version = t2.policy_version
                          and t3.code = t2.tier
                        ),
                        'null'
                      ) || ',"since":' || coalesce('"' || left(t2.since::text, 7) || '"', 'null') || ',"decision":' ||
                      case
                      when t2.rule is not null then coalesce(
                        (
                          '{"rule":' || to_json(t2.rule)::text || ',"explanation":{" fill":"0","month":' || coalesce(
                            '"' || left(t2.decision_month::text, 7) || '"',
                            'null'
                          ) || ',"before":' || coalesce((t2.before)::text, 'null') || ',"after":' || coalesce((t2.state)::text, 'null') || ',"rule":' || coalesce(to_json(t2.rule)::text, 'null') || ',"policy_version":' || coalesce((t2.policy_version)::text, 'null') || ',"judged":' || coalesce((t2.judged)::text, 'null') || ',"policies":[' || coalesce(
                            (
                              select string_agg(
                                (
                                  '{"version":' || coalesce((t4.version)::text, 'null') || ',"document":' || coalesce((t4.document)::text, 'null') || '}'
                                ),
                                ','
                                order by t4.version
                              )
                              from terrace.tier_policy t4
                              where true
                            ),
                            ''
                          ) || ']},"policy":' || coalesce(
                            (
                              select coalesce(
                                ('{"version":' || (t5.version)::text || '}'),
                                '{" fault":"missing"}'
                              )
                              from terrace.tier_policy t5
                              where t5.version = t2.policy_version
                            ),
                            'null'
                          ) || ',"judged":[' || coalesce(
                            (
                              select string_agg(
                                coalesce(
                                  (
                                    '{"month":' || to_json(t6.month)::text || ',"total":' || to_json(t6.total)::text || ',"reached":' || coalesce(
                                      (
                                        select coalesce(
                                          ('{"code":' || to_json(t7.code)::text || '}'),
                                          '{" fault":"missing"}'
                                        )
                                        from terrace.tier t7
                                        where t7.policy_version = (
                                          select p.version
                                          from terrace.tier_policy p
                                          where p.effective_from <= coalesce((t6.month || '-01')::date, 'infinity'::date)
                                          order by p.effective_from desc,
                                          p.version desc
                                          limit 1
                                        )
                                        and t7.code = t6.reached
                                      ),
                                      'null'
                                    ) || '}'
                                  ),
                                  '{" fault":"missing"}'
                                ),
                                ','
                                order by t6.ordinality
                              )
                              from rows
                              from (
                                jsonb_to_recordset(t2.judged) as (month text, total text, reached text)
                              ) with ordinality t6
                            ),
                            ''
                          ) || ']}'
                        ),
                        '{" fault":"missing"}'
                      )
                      else 'null'
                      end || '}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  order by t2.month desc
                  limit 1
                ),
                (
                  '{"status":"NON_MEMBER","tier":' || coalesce(to_json(null::text)::text, 'null') || ',"since":' || coalesce(to_json(null::text)::text, 'null') || ',"decision":' || coalesce(to_json(null::text)::text, 'null') || '}'
                )
              ) || ',"outlook":{" fill":"1","calendar":' || coalesce(
                (
                  select (
                    '{"month":' || coalesce(
                      '"' || left(t8.open_month::text, 7) || '"',
                      'null'
                    ) || ',"business_date":' || coalesce('"' || t8.business_date::text || '"', 'null') || '}'
                  )
                  from terrace.calendar t8
                  where true
                ),
                'null'
              ) || ',"aum":' || coalesce(
                (
                  select (
                    '{"total":' || coalesce(
                      to_json(
                        (t9.deposits_sum + t9.investments_sum + t9.settlement_funds_sum)::text
                      )::text,
                      'null'
                    ) || ',"level":' || coalesce('"' || t9.level::text || '"', 'null') || ',"days":' || coalesce((t9.days)::text, 'null') || ',"complete":' || coalesce((t9.complete)::text, 'null') || '}'
                  )
                  from terrace.aum_figure t9
                  where t9.customer_id = t1.id
                  and t9.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"standing":' || coalesce(
                (
                  select ('{"state":' || coalesce((t10.state)::text, 'null') || '}')
                  from terrace.standing_in_force t10
                  where t10.customer_id = t1.id
                  order by t10.month desc
                  limit 1
                ),
                'null'
              ) || ',"replayed":' || coalesce(
                (
                  select ('{"state":' || coalesce((t11.state)::text, 'null') || '}')
                  from terrace.replayed_standing t11
                  where t11.customer_id = t1.id
                  and t11.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"policies":[' || coalesce(
                (
                  select string_agg(
                    (
                      '{"version":' || coalesce((t12.version)::text, 'null') || ',"document":' || coalesce((t12.document)::text, 'null') || '}'
                    ),
                    ','
                    order by t12.version
                  )
                  from terrace.tier_policy t12
                  where true
                ),
                ''
              ) || '],"grants":[' || coalesce(
                (
                  select string_agg(
                    (
                      '{"start":' || coalesce('"' || t13.starts::text || '"', 'null') || ',"until":' || coalesce('"' || t13.until::text || '"', 'null') || ',"revoked_on":' || coalesce('"' || t13.revoked_on::text || '"', 'null') || '}'
                    ),
                    ','
                    order by t13.id
                  )
                  from terrace.special_grant t13
                  where t13.customer_id = t1.id
                ),
                ''
              ) || ']}}'
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
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.customer t1
        where true
        order by t1.number
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

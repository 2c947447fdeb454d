-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"managers":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.manager t2
        where t2.id = (
          select own.manager_id
          from terrace.customer own
          where own.id = $1::integer
        )
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Manager:' || t1.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t1.number)::text || ',"branch":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t3.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.branch t3
                  where t3.id = t1.branch_id
                ),
                'null'
              ) || ',"customers":' || (
                select (
                  '{"totalCount":' || (
                    select count(*)::text
                    from terrace.customer t5
                    where t5.manager_id = t1.id
                    and t5.id = $1::integer
                  ) || ',"nodes":[' || coalesce(
                    string_agg(
                      coalesce(
                        ('{"number":' || to_json(t4.number)::text || '}'),
                        '{" fault":"missing"}'
                      ),
                      ','
                      order by t4.place
                    ) filter (where t4.place <= $2::integer),
                    ''
                  ) || ']}'
                )
                from (
                  select t4.*,
                  row_number() over (order by t4.number) as place
                  from (
                    select t4.*
                    from terrace.customer t4
                    where t4.manager_id = t1.id
                    and t4.id = $1::integer
                    order by t4.number
                    limit $2::integer + 1
                  ) t4
                ) t4
                having true
              ) || ',"vipStatistics":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"assessed":' || (
                        count(*) filter (where t6.status in ('ACTIVE', 'WATCH'))
                      )::text || ',"total":' || (
                        count(*) filter (where t6.status in ('ACTIVE', 'WATCH', 'SPECIAL'))
                      )::text || ',"byTier":[' || coalesce(
                        (
                          select string_agg(
                            (
                              '{"customers":' || coalesce(
                                (
                                  select coalesce(to_json(count(*))::text, 'null')
                                  from terrace.standing_in_force t9
                                  where t9.manager_id = t1.id
                                  and t9.tier = t7.code
                                  and t9.customer_id = $1::integer
                                  and t9.month = (select c.open_month from terrace.calendar c)
                                  and t9.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                  and t9.status in ('ACTIVE', 'WATCH')
                                ),
                                'null'
                              ) || ',"aum":"' || (
                                select coalesce(
                                  sum(
                                    (
                                      select t11.total
                                      from terrace.aum_figure t11
                                      where t11.customer_id = t10.customer_id
                                      and t11.customer_id = $1::integer
                                      and t11.month = (select c.open_month from terrace.calendar c)
                                    )
                                  ),
                                  0.00
                                )::text
                                from terrace.standing_in_force t10
                                where t10.manager_id = t1.id
                                and t10.tier = t7.code
                                and t10.customer_id = $1::integer
                                and t10.month = (select c.open_month from terrace.calendar c)
                                and t10.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t10.status in ('ACTIVE', 'WATCH')
                              ) || '"}'
                            ),
                            ','
                            order by t7.threshold,
                            t7.code
                          )
                          from terrace.tier t7
                          where t7.policy_version = (
                            select p.version
                            from terrace.tier_policy p
                            where p.effective_from <= coalesce(
                              (select c.open_month from terrace.calendar c),
                              'infinity'::date
                            )
                            order by p.effective_from desc,
                            p.version desc
                            limit 1
                          )
                          and (
                            not t7.dropped
                            or exists (
                              select
                              from terrace.standing_in_force t8
                              where t8.manager_id = t1.id
                              and t8.tier = t7.code
                              and t8.customer_id = $1::integer
                              and (
                                t8.month = (select c.open_month from terrace.calendar c)
                                and t8.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t8.status in ('ACTIVE', 'WATCH')
                              )
                            )
                          )
                        ),
                        ''
                      ) || ']}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.standing_in_force t6
                  where t6.manager_id = t1.id
                  and t6.customer_id = $1::integer
                  and t6.month = (select c.open_month from terrace.calendar c)
                  and t6.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                  having true
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
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.manager t1
        where t1.id = (
          select own.manager_id
          from terrace.customer own
          where own.id = $1::integer
        )
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
  '{"managers":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.manager t2
        where t2.id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Manager:' || t1.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t1.number)::text || ',"branch":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t3.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.branch t3
                  where t3.id = t1.branch_id
                ),
                'null'
              ) || ',"customers":' || (
                select (
                  '{"totalCount":' || (
                    select count(*)::text
                    from terrace.customer t5
                    where t5.manager_id = t1.id
                    and t5.manager_id = $1::integer
                  ) || ',"nodes":[' || coalesce(
                    string_agg(
                      coalesce(
                        ('{"number":' || to_json(t4.number)::text || '}'),
                        '{" fault":"missing"}'
                      ),
                      ','
                      order by t4.place
                    ) filter (where t4.place <= $2::integer),
                    ''
                  ) || ']}'
                )
                from (
                  select t4.*,
                  row_number() over (order by t4.number) as place
                  from (
                    select t4.*
                    from terrace.customer t4
                    where t4.manager_id = t1.id
                    and t4.manager_id = $1::integer
                    order by t4.number
                    limit $2::integer + 1
                  ) t4
                ) t4
                having true
              ) || ',"vipStatistics":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"assessed":' || (
                        count(*) filter (where t6.status in ('ACTIVE', 'WATCH'))
                      )::text || ',"total":' || (
                        count(*) filter (where t6.status in ('ACTIVE', 'WATCH', 'SPECIAL'))
                      )::text || ',"byTier":[' || coalesce(
                        (
                          select string_agg(
                            (
                              '{"customers":' || coalesce(
                                (
                                  select coalesce(to_json(count(*))::text, 'null')
                                  from terrace.standing_in_force t9
                                  where t9.manager_id = t1.id
                                  and t9.tier = t7.code
                                  and t9.manager_id = $1::integer
                                  and t9.month = (select c.open_month from terrace.calendar c)
                                  and t9.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                  and t9.status in ('ACTIVE', 'WATCH')
                                ),
                                'null'
                              ) || ',"aum":"' || (
                                select coalesce(
                                  sum(
                                    (
                                      select t11.total
                                      from terrace.aum_figure t11
                                      where t11.customer_id = t10.customer_id
                                      and t11.manager_id = $1::integer
                                      and t11.month = (select c.open_month from terrace.calendar c)
                                    )
                                  ),
                                  0.00
                                )::text
                                from terrace.standing_in_force t10
                                where t10.manager_id = t1.id
                                and t10.tier = t7.code
                                and t10.manager_id = $1::integer
                                and t10.month = (select c.open_month from terrace.calendar c)
                                and t10.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t10.status in ('ACTIVE', 'WATCH')
                              ) || '"}'
                            ),
                            ','
                            order by t7.threshold,
                            t7.code
                          )
                          from terrace.tier t7
                          where t7.policy_version = (
                            select p.version
                            from terrace.tier_policy p
                            where p.effective_from <= coalesce(
                              (select c.open_month from terrace.calendar c),
                              'infinity'::date
                            )
                            order by p.effective_from desc,
                            p.version desc
                            limit 1
                          )
                          and (
                            not t7.dropped
                            or exists (
                              select
                              from terrace.standing_in_force t8
                              where t8.manager_id = t1.id
                              and t8.tier = t7.code
                              and t8.manager_id = $1::integer
                              and (
                                t8.month = (select c.open_month from terrace.calendar c)
                                and t8.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t8.status in ('ACTIVE', 'WATCH')
                              )
                            )
                          )
                        ),
                        ''
                      ) || ']}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.standing_in_force t6
                  where t6.manager_id = t1.id
                  and t6.manager_id = $1::integer
                  and t6.month = (select c.open_month from terrace.calendar c)
                  and t6.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                  having true
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
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.manager t1
        where t1.id = $1::integer
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
  '{"managers":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.manager t2
        where t2.branch_id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Manager:' || t1.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t1.number)::text || ',"branch":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t3.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.branch t3
                  where t3.id = t1.branch_id
                ),
                'null'
              ) || ',"customers":' || (
                select (
                  '{"totalCount":' || (
                    select count(*)::text
                    from terrace.customer t5
                    where t5.manager_id = t1.id
                    and t5.branch_id = $1::integer
                  ) || ',"nodes":[' || coalesce(
                    string_agg(
                      coalesce(
                        ('{"number":' || to_json(t4.number)::text || '}'),
                        '{" fault":"missing"}'
                      ),
                      ','
                      order by t4.place
                    ) filter (where t4.place <= $2::integer),
                    ''
                  ) || ']}'
                )
                from (
                  select t4.*,
                  row_number() over (order by t4.number) as place
                  from (
                    select t4.*
                    from terrace.customer t4
                    where t4.manager_id = t1.id
                    and t4.branch_id = $1::integer
                    order by t4.number
                    limit $2::integer + 1
                  ) t4
                ) t4
                having true
              ) || ',"vipStatistics":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"assessed":' || (
                        count(*) filter (where t6.status in ('ACTIVE', 'WATCH'))
                      )::text || ',"total":' || (
                        count(*) filter (where t6.status in ('ACTIVE', 'WATCH', 'SPECIAL'))
                      )::text || ',"byTier":[' || coalesce(
                        (
                          select string_agg(
                            (
                              '{"customers":' || coalesce(
                                (
                                  select coalesce(to_json(count(*))::text, 'null')
                                  from terrace.standing_in_force t9
                                  where t9.manager_id = t1.id
                                  and t9.tier = t7.code
                                  and t9.branch_id = $1::integer
                                  and t9.month = (select c.open_month from terrace.calendar c)
                                  and t9.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                  and t9.status in ('ACTIVE', 'WATCH')
                                ),
                                'null'
                              ) || ',"aum":"' || (
                                select coalesce(
                                  sum(
                                    (
                                      select t11.total
                                      from terrace.aum_figure t11
                                      where t11.customer_id = t10.customer_id
                                      and t11.branch_id = $1::integer
                                      and t11.month = (select c.open_month from terrace.calendar c)
                                    )
                                  ),
                                  0.00
                                )::text
                                from terrace.standing_in_force t10
                                where t10.manager_id = t1.id
                                and t10.tier = t7.code
                                and t10.branch_id = $1::integer
                                and t10.month = (select c.open_month from terrace.calendar c)
                                and t10.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t10.status in ('ACTIVE', 'WATCH')
                              ) || '"}'
                            ),
                            ','
                            order by t7.threshold,
                            t7.code
                          )
                          from terrace.tier t7
                          where t7.policy_version = (
                            select p.version
                            from terrace.tier_policy p
                            where p.effective_from <= coalesce(
                              (select c.open_month from terrace.calendar c),
                              'infinity'::date
                            )
                            order by p.effective_from desc,
                            p.version desc
                            limit 1
                          )
                          and (
                            not t7.dropped
                            or exists (
                              select
                              from terrace.standing_in_force t8
                              where t8.manager_id = t1.id
                              and t8.tier = t7.code
                              and t8.branch_id = $1::integer
                              and (
                                t8.month = (select c.open_month from terrace.calendar c)
                                and t8.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t8.status in ('ACTIVE', 'WATCH')
                              )
                            )
                          )
                        ),
                        ''
                      ) || ']}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.standing_in_force t6
                  where t6.manager_id = t1.id
                  and t6.branch_id = $1::integer
                  and t6.month = (select c.open_month from terrace.calendar c)
                  and t6.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                  having true
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
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.manager t1
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
  '{"managers":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.manager t2
        where true
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Manager:' || t1.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t1.number)::text || ',"branch":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t3.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.branch t3
                  where t3.id = t1.branch_id
                ),
                'null'
              ) || ',"customers":' || (
                select (
                  '{"totalCount":' || (
                    select count(*)::text
                    from terrace.customer t5
                    where t5.manager_id = t1.id
                  ) || ',"nodes":[' || coalesce(
                    string_agg(
                      coalesce(
                        ('{"number":' || to_json(t4.number)::text || '}'),
                        '{" fault":"missing"}'
                      ),
                      ','
                      order by t4.place
                    ) filter (where t4.place <= $2::integer),
                    ''
                  ) || ']}'
                )
                from (
                  select t4.*,
                  row_number() over (order by t4.number) as place
                  from (
                    select t4.*
                    from terrace.customer t4
                    where t4.manager_id = t1.id
                    order by t4.number
                    limit $2::integer + 1
                  ) t4
                ) t4
                having true
              ) || ',"vipStatistics":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"assessed":' || (
                        count(*) filter (where t6.status in ('ACTIVE', 'WATCH'))
                      )::text || ',"total":' || (
                        count(*) filter (where t6.status in ('ACTIVE', 'WATCH', 'SPECIAL'))
                      )::text || ',"byTier":[' || coalesce(
                        (
                          select string_agg(
                            (
                              '{"customers":' || coalesce(
                                (
                                  select coalesce(to_json(count(*))::text, 'null')
                                  from terrace.standing_in_force t9
                                  where t9.manager_id = t1.id
                                  and t9.tier = t7.code
                                  and t9.month = (select c.open_month from terrace.calendar c)
                                  and t9.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                  and t9.status in ('ACTIVE', 'WATCH')
                                ),
                                'null'
                              ) || ',"aum":"' || (
                                select coalesce(
                                  sum(
                                    (
                                      select t11.total
                                      from terrace.aum_figure t11
                                      where t11.customer_id = t10.customer_id
                                      and t11.month = (select c.open_month from terrace.calendar c)
                                    )
                                  ),
                                  0.00
                                )::text
                                from terrace.standing_in_force t10
                                where t10.manager_id = t1.id
                                and t10.tier = t7.code
                                and t10.month = (select c.open_month from terrace.calendar c)
                                and t10.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t10.status in ('ACTIVE', 'WATCH')
                              ) || '"}'
                            ),
                            ','
                            order by t7.threshold,
                            t7.code
                          )
                          from terrace.tier t7
                          where t7.policy_version = (
                            select p.version
                            from terrace.tier_policy p
                            where p.effective_from <= coalesce(
                              (select c.open_month from terrace.calendar c),
                              'infinity'::date
                            )
                            order by p.effective_from desc,
                            p.version desc
                            limit 1
                          )
                          and (
                            not t7.dropped
                            or exists (
                              select
                              from terrace.standing_in_force t8
                              where t8.manager_id = t1.id
                              and t8.tier = t7.code
                              and (
                                t8.month = (select c.open_month from terrace.calendar c)
                                and t8.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t8.status in ('ACTIVE', 'WATCH')
                              )
                            )
                          )
                        ),
                        ''
                      ) || ']}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.standing_in_force t6
                  where t6.manager_id = t1.id
                  and t6.month = (select c.open_month from terrace.calendar c)
                  and t6.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                  having true
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
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.manager t1
        where true
        order by t1.number
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

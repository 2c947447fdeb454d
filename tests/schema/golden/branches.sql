-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"branches":[' || coalesce(
    (
      select string_agg(
        coalesce(
          (
            '{"code":' || to_json(t1.code)::text || ',"managers":' || (
              select (
                '{"nodes":[' || coalesce(
                  string_agg(
                    coalesce(
                      ('{"number":' || to_json(t2.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t2.place
                  ) filter (where t2.place <= $2::integer),
                  ''
                ) || ']}'
              )
              from (
                select t2.*,
                row_number() over (order by t2.number) as place
                from (
                  select t2.*
                  from terrace.manager t2
                  where t2.branch_id = t1.id
                  and t2.id = (
                    select own.manager_id
                    from terrace.customer own
                    where own.id = $1::integer
                  )
                  order by t2.number
                  limit $2::integer + 1
                ) t2
              ) t2
              having true
            ) || ',"vipStatistics":' || coalesce(
              (
                select coalesce(
                  (
                    '{"assessed":' || (
                      count(*) filter (where t3.status in ('ACTIVE', 'WATCH'))
                    )::text || ',"watch":' || (count(*) filter (where t3.status = 'WATCH'))::text || ',"total":' || (
                      count(*) filter (where t3.status in ('ACTIVE', 'WATCH', 'SPECIAL'))
                    )::text || ',"exitedUnrated":' || (
                      count(*) filter (where t3.status = 'EXITED_UNRATED')
                    )::text || ',"byTier":[' || coalesce(
                      (
                        select string_agg(
                          (
                            '{"tier":' || coalesce(
                              (
                                select coalesce(
                                  ('{"code":' || to_json(t6.code)::text || '}'),
                                  '{" fault":"missing"}'
                                )
                                from terrace.tier t6
                                where t6.policy_version = t4.policy_version
                                and t6.code = t4.code
                              ),
                              'null'
                            ) || ',"customers":' || coalesce(
                              (
                                select coalesce(to_json(count(*))::text, 'null')
                                from terrace.standing_in_force t7
                                where t7.branch_id = t1.id
                                and t7.tier = t4.code
                                and t7.customer_id = $1::integer
                                and t7.month = (select c.open_month from terrace.calendar c)
                                and t7.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t7.status in ('ACTIVE', 'WATCH')
                              ),
                              'null'
                            ) || ',"aum":"' || (
                              select coalesce(
                                sum(
                                  (
                                    select t9.total
                                    from terrace.aum_figure t9
                                    where t9.customer_id = t8.customer_id
                                    and t9.customer_id = $1::integer
                                    and t9.month = (select c.open_month from terrace.calendar c)
                                  )
                                ),
                                0.00
                              )::text
                              from terrace.standing_in_force t8
                              where t8.branch_id = t1.id
                              and t8.tier = t4.code
                              and t8.customer_id = $1::integer
                              and t8.month = (select c.open_month from terrace.calendar c)
                              and t8.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                              and t8.status in ('ACTIVE', 'WATCH')
                            ) || '"}'
                          ),
                          ','
                          order by t4.threshold,
                          t4.code
                        )
                        from terrace.tier t4
                        where t4.policy_version = (
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
                          not t4.dropped
                          or exists (
                            select
                            from terrace.standing_in_force t5
                            where t5.branch_id = t1.id
                            and t5.tier = t4.code
                            and t5.customer_id = $1::integer
                            and (
                              t5.month = (select c.open_month from terrace.calendar c)
                              and t5.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                              and t5.status in ('ACTIVE', 'WATCH')
                            )
                          )
                        )
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                )
                from terrace.standing_in_force t3
                where t3.branch_id = t1.id
                and t3.customer_id = $1::integer
                and t3.month = (select c.open_month from terrace.calendar c)
                and t3.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                having true
              ),
              'null'
            ) || '}'
          ),
          '{" fault":"missing"}'
        ),
        ','
        order by t1.code
      )
      from terrace.branch t1
      where true
    ),
    ''
  ) || ']}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"branches":[' || coalesce(
    (
      select string_agg(
        coalesce(
          (
            '{"code":' || to_json(t1.code)::text || ',"managers":' || (
              select (
                '{"nodes":[' || coalesce(
                  string_agg(
                    coalesce(
                      ('{"number":' || to_json(t2.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t2.place
                  ) filter (where t2.place <= $2::integer),
                  ''
                ) || ']}'
              )
              from (
                select t2.*,
                row_number() over (order by t2.number) as place
                from (
                  select t2.*
                  from terrace.manager t2
                  where t2.branch_id = t1.id
                  and t2.id = $1::integer
                  order by t2.number
                  limit $2::integer + 1
                ) t2
              ) t2
              having true
            ) || ',"vipStatistics":' || coalesce(
              (
                select coalesce(
                  (
                    '{"assessed":' || (
                      count(*) filter (where t3.status in ('ACTIVE', 'WATCH'))
                    )::text || ',"watch":' || (count(*) filter (where t3.status = 'WATCH'))::text || ',"total":' || (
                      count(*) filter (where t3.status in ('ACTIVE', 'WATCH', 'SPECIAL'))
                    )::text || ',"exitedUnrated":' || (
                      count(*) filter (where t3.status = 'EXITED_UNRATED')
                    )::text || ',"byTier":[' || coalesce(
                      (
                        select string_agg(
                          (
                            '{"tier":' || coalesce(
                              (
                                select coalesce(
                                  ('{"code":' || to_json(t6.code)::text || '}'),
                                  '{" fault":"missing"}'
                                )
                                from terrace.tier t6
                                where t6.policy_version = t4.policy_version
                                and t6.code = t4.code
                              ),
                              'null'
                            ) || ',"customers":' || coalesce(
                              (
                                select coalesce(to_json(count(*))::text, 'null')
                                from terrace.standing_in_force t7
                                where t7.branch_id = t1.id
                                and t7.tier = t4.code
                                and t7.manager_id = $1::integer
                                and t7.month = (select c.open_month from terrace.calendar c)
                                and t7.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t7.status in ('ACTIVE', 'WATCH')
                              ),
                              'null'
                            ) || ',"aum":"' || (
                              select coalesce(
                                sum(
                                  (
                                    select t9.total
                                    from terrace.aum_figure t9
                                    where t9.customer_id = t8.customer_id
                                    and t9.manager_id = $1::integer
                                    and t9.month = (select c.open_month from terrace.calendar c)
                                  )
                                ),
                                0.00
                              )::text
                              from terrace.standing_in_force t8
                              where t8.branch_id = t1.id
                              and t8.tier = t4.code
                              and t8.manager_id = $1::integer
                              and t8.month = (select c.open_month from terrace.calendar c)
                              and t8.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                              and t8.status in ('ACTIVE', 'WATCH')
                            ) || '"}'
                          ),
                          ','
                          order by t4.threshold,
                          t4.code
                        )
                        from terrace.tier t4
                        where t4.policy_version = (
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
                          not t4.dropped
                          or exists (
                            select
                            from terrace.standing_in_force t5
                            where t5.branch_id = t1.id
                            and t5.tier = t4.code
                            and t5.manager_id = $1::integer
                            and (
                              t5.month = (select c.open_month from terrace.calendar c)
                              and t5.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                              and t5.status in ('ACTIVE', 'WATCH')
                            )
                          )
                        )
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                )
                from terrace.standing_in_force t3
                where t3.branch_id = t1.id
                and t3.manager_id = $1::integer
                and t3.month = (select c.open_month from terrace.calendar c)
                and t3.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                having true
              ),
              'null'
            ) || '}'
          ),
          '{" fault":"missing"}'
        ),
        ','
        order by t1.code
      )
      from terrace.branch t1
      where true
    ),
    ''
  ) || ']}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"branches":[' || coalesce(
    (
      select string_agg(
        coalesce(
          (
            '{"code":' || to_json(t1.code)::text || ',"managers":' || (
              select (
                '{"nodes":[' || coalesce(
                  string_agg(
                    coalesce(
                      ('{"number":' || to_json(t2.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t2.place
                  ) filter (where t2.place <= $2::integer),
                  ''
                ) || ']}'
              )
              from (
                select t2.*,
                row_number() over (order by t2.number) as place
                from (
                  select t2.*
                  from terrace.manager t2
                  where t2.branch_id = t1.id
                  and t2.branch_id = $1::integer
                  order by t2.number
                  limit $2::integer + 1
                ) t2
              ) t2
              having true
            ) || ',"vipStatistics":' || coalesce(
              (
                select coalesce(
                  (
                    '{"assessed":' || (
                      count(*) filter (where t3.status in ('ACTIVE', 'WATCH'))
                    )::text || ',"watch":' || (count(*) filter (where t3.status = 'WATCH'))::text || ',"total":' || (
                      count(*) filter (where t3.status in ('ACTIVE', 'WATCH', 'SPECIAL'))
                    )::text || ',"exitedUnrated":' || (
                      count(*) filter (where t3.status = 'EXITED_UNRATED')
                    )::text || ',"byTier":[' || coalesce(
                      (
                        select string_agg(
                          (
                            '{"tier":' || coalesce(
                              (
                                select coalesce(
                                  ('{"code":' || to_json(t6.code)::text || '}'),
                                  '{" fault":"missing"}'
                                )
                                from terrace.tier t6
                                where t6.policy_version = t4.policy_version
                                and t6.code = t4.code
                              ),
                              'null'
                            ) || ',"customers":' || coalesce(
                              (
                                select coalesce(to_json(count(*))::text, 'null')
                                from terrace.standing_in_force t7
                                where t7.branch_id = t1.id
                                and t7.tier = t4.code
                                and t7.branch_id = $1::integer
                                and t7.month = (select c.open_month from terrace.calendar c)
                                and t7.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t7.status in ('ACTIVE', 'WATCH')
                              ),
                              'null'
                            ) || ',"aum":"' || (
                              select coalesce(
                                sum(
                                  (
                                    select t9.total
                                    from terrace.aum_figure t9
                                    where t9.customer_id = t8.customer_id
                                    and t9.branch_id = $1::integer
                                    and t9.month = (select c.open_month from terrace.calendar c)
                                  )
                                ),
                                0.00
                              )::text
                              from terrace.standing_in_force t8
                              where t8.branch_id = t1.id
                              and t8.tier = t4.code
                              and t8.branch_id = $1::integer
                              and t8.month = (select c.open_month from terrace.calendar c)
                              and t8.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                              and t8.status in ('ACTIVE', 'WATCH')
                            ) || '"}'
                          ),
                          ','
                          order by t4.threshold,
                          t4.code
                        )
                        from terrace.tier t4
                        where t4.policy_version = (
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
                          not t4.dropped
                          or exists (
                            select
                            from terrace.standing_in_force t5
                            where t5.branch_id = t1.id
                            and t5.tier = t4.code
                            and t5.branch_id = $1::integer
                            and (
                              t5.month = (select c.open_month from terrace.calendar c)
                              and t5.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                              and t5.status in ('ACTIVE', 'WATCH')
                            )
                          )
                        )
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                )
                from terrace.standing_in_force t3
                where t3.branch_id = t1.id
                and t3.branch_id = $1::integer
                and t3.month = (select c.open_month from terrace.calendar c)
                and t3.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                having true
              ),
              'null'
            ) || '}'
          ),
          '{" fault":"missing"}'
        ),
        ','
        order by t1.code
      )
      from terrace.branch t1
      where true
    ),
    ''
  ) || ']}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"branches":[' || coalesce(
    (
      select string_agg(
        coalesce(
          (
            '{"code":' || to_json(t1.code)::text || ',"managers":' || (
              select (
                '{"nodes":[' || coalesce(
                  string_agg(
                    coalesce(
                      ('{"number":' || to_json(t2.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t2.place
                  ) filter (where t2.place <= $2::integer),
                  ''
                ) || ']}'
              )
              from (
                select t2.*,
                row_number() over (order by t2.number) as place
                from (
                  select t2.*
                  from terrace.manager t2
                  where t2.branch_id = t1.id
                  order by t2.number
                  limit $2::integer + 1
                ) t2
              ) t2
              having true
            ) || ',"vipStatistics":' || coalesce(
              (
                select coalesce(
                  (
                    '{"assessed":' || (
                      count(*) filter (where t3.status in ('ACTIVE', 'WATCH'))
                    )::text || ',"watch":' || (count(*) filter (where t3.status = 'WATCH'))::text || ',"total":' || (
                      count(*) filter (where t3.status in ('ACTIVE', 'WATCH', 'SPECIAL'))
                    )::text || ',"exitedUnrated":' || (
                      count(*) filter (where t3.status = 'EXITED_UNRATED')
                    )::text || ',"byTier":[' || coalesce(
                      (
                        select string_agg(
                          (
                            '{"tier":' || coalesce(
                              (
                                select coalesce(
                                  ('{"code":' || to_json(t6.code)::text || '}'),
                                  '{" fault":"missing"}'
                                )
                                from terrace.tier t6
                                where t6.policy_version = t4.policy_version
                                and t6.code = t4.code
                              ),
                              'null'
                            ) || ',"customers":' || coalesce(
                              (
                                select coalesce(to_json(count(*))::text, 'null')
                                from terrace.standing_in_force t7
                                where t7.branch_id = t1.id
                                and t7.tier = t4.code
                                and t7.month = (select c.open_month from terrace.calendar c)
                                and t7.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                                and t7.status in ('ACTIVE', 'WATCH')
                              ),
                              'null'
                            ) || ',"aum":"' || (
                              select coalesce(
                                sum(
                                  (
                                    select t9.total
                                    from terrace.aum_figure t9
                                    where t9.customer_id = t8.customer_id
                                    and t9.month = (select c.open_month from terrace.calendar c)
                                  )
                                ),
                                0.00
                              )::text
                              from terrace.standing_in_force t8
                              where t8.branch_id = t1.id
                              and t8.tier = t4.code
                              and t8.month = (select c.open_month from terrace.calendar c)
                              and t8.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                              and t8.status in ('ACTIVE', 'WATCH')
                            ) || '"}'
                          ),
                          ','
                          order by t4.threshold,
                          t4.code
                        )
                        from terrace.tier t4
                        where t4.policy_version = (
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
                          not t4.dropped
                          or exists (
                            select
                            from terrace.standing_in_force t5
                            where t5.branch_id = t1.id
                            and t5.tier = t4.code
                            and (
                              t5.month = (select c.open_month from terrace.calendar c)
                              and t5.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                              and t5.status in ('ACTIVE', 'WATCH')
                            )
                          )
                        )
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                )
                from terrace.standing_in_force t3
                where t3.branch_id = t1.id
                and t3.month = (select c.open_month from terrace.calendar c)
                and t3.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                having true
              ),
              'null'
            ) || '}'
          ),
          '{" fault":"missing"}'
        ),
        ','
        order by t1.code
      )
      from terrace.branch t1
      where true
    ),
    ''
  ) || ']}'
)
end;

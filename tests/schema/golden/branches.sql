-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'branches': coalesce(
      (
        select json_agg(
          json_object(
            'code': t1.code,
            'managers': (
              select json_object(
                'nodes': coalesce(
                  json_agg(
                    json_object('number': t2.number returning json)
                    order by t2.place
                  ) filter (where t2.place <= $2::integer),
                  '[]'::json
                ) returning json
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
            ),
            'vipStatistics': (
              select json_object(
                'assessed': count(*) filter (where t3.status in ('ACTIVE', 'WATCH')),
                'watch': count(*) filter (where t3.status = 'WATCH'),
                'total': count(*) filter (where t3.status in ('ACTIVE', 'WATCH', 'SPECIAL')),
                'exitedUnrated': count(*) filter (where t3.status = 'EXITED_UNRATED'),
                'byTier': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'tier': (
                          select json_object('code': t6.code returning json)
                          from terrace.tier t6
                          where t6.policy_version = t4.policy_version
                          and t6.code = t4.code
                        ),
                        'customers': (
                          select count(*)
                          from terrace.standing_in_force t7
                          where t7.branch_id = t1.id
                          and t7.tier = t4.code
                          and t7.customer_id = $1::integer
                          and t7.month = (select c.open_month from terrace.calendar c)
                          and t7.status in ('ACTIVE', 'WATCH')
                        ),
                        'aum': (
                          select coalesce(sum(t8.total), 0.00)::text
                          from terrace.aum_figure t8
                          where t8.customer_id = $1::integer
                          and t8.month = (select c.open_month from terrace.calendar c)
                          and exists (
                            select
                            from terrace.standing_in_force t9
                            where t9.branch_id = t1.id
                            and t9.tier = t4.code
                            and t9.customer_id = t8.customer_id
                            and t9.customer_id = $1::integer
                            and (
                              t9.month = (select c.open_month from terrace.calendar c)
                              and t9.status in ('ACTIVE', 'WATCH')
                            )
                          )
                        ) returning json
                      )
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
                          and t5.status in ('ACTIVE', 'WATCH')
                        )
                      )
                    )
                  ),
                  '[]'::json
                ) returning json
              )
              from terrace.standing_in_force t3
              where t3.branch_id = t1.id
              and t3.customer_id = $1::integer
              and t3.month = (select c.open_month from terrace.calendar c)
              having true
            ) returning json
          )
          order by t1.code
        )
        from terrace.branch t1
        where true
      ),
      '[]'::json
    ) returning json
  )
)::text
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'branches': coalesce(
      (
        select json_agg(
          json_object(
            'code': t1.code,
            'managers': (
              select json_object(
                'nodes': coalesce(
                  json_agg(
                    json_object('number': t2.number returning json)
                    order by t2.place
                  ) filter (where t2.place <= $2::integer),
                  '[]'::json
                ) returning json
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
            ),
            'vipStatistics': (
              select json_object(
                'assessed': count(*) filter (where t3.status in ('ACTIVE', 'WATCH')),
                'watch': count(*) filter (where t3.status = 'WATCH'),
                'total': count(*) filter (where t3.status in ('ACTIVE', 'WATCH', 'SPECIAL')),
                'exitedUnrated': count(*) filter (where t3.status = 'EXITED_UNRATED'),
                'byTier': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'tier': (
                          select json_object('code': t6.code returning json)
                          from terrace.tier t6
                          where t6.policy_version = t4.policy_version
                          and t6.code = t4.code
                        ),
                        'customers': (
                          select count(*)
                          from terrace.standing_in_force t7
                          where t7.branch_id = t1.id
                          and t7.tier = t4.code
                          and t7.manager_id = $1::integer
                          and t7.month = (select c.open_month from terrace.calendar c)
                          and t7.status in ('ACTIVE', 'WATCH')
                        ),
                        'aum': (
                          select coalesce(sum(t8.total), 0.00)::text
                          from terrace.aum_figure t8
                          where t8.manager_id = $1::integer
                          and t8.month = (select c.open_month from terrace.calendar c)
                          and exists (
                            select
                            from terrace.standing_in_force t9
                            where t9.branch_id = t1.id
                            and t9.tier = t4.code
                            and t9.customer_id = t8.customer_id
                            and t9.manager_id = $1::integer
                            and (
                              t9.month = (select c.open_month from terrace.calendar c)
                              and t9.status in ('ACTIVE', 'WATCH')
                            )
                          )
                        ) returning json
                      )
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
                          and t5.status in ('ACTIVE', 'WATCH')
                        )
                      )
                    )
                  ),
                  '[]'::json
                ) returning json
              )
              from terrace.standing_in_force t3
              where t3.branch_id = t1.id
              and t3.manager_id = $1::integer
              and t3.month = (select c.open_month from terrace.calendar c)
              having true
            ) returning json
          )
          order by t1.code
        )
        from terrace.branch t1
        where true
      ),
      '[]'::json
    ) returning json
  )
)::text
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'branches': coalesce(
      (
        select json_agg(
          json_object(
            'code': t1.code,
            'managers': (
              select json_object(
                'nodes': coalesce(
                  json_agg(
                    json_object('number': t2.number returning json)
                    order by t2.place
                  ) filter (where t2.place <= $2::integer),
                  '[]'::json
                ) returning json
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
            ),
            'vipStatistics': (
              select json_object(
                'assessed': count(*) filter (where t3.status in ('ACTIVE', 'WATCH')),
                'watch': count(*) filter (where t3.status = 'WATCH'),
                'total': count(*) filter (where t3.status in ('ACTIVE', 'WATCH', 'SPECIAL')),
                'exitedUnrated': count(*) filter (where t3.status = 'EXITED_UNRATED'),
                'byTier': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'tier': (
                          select json_object('code': t6.code returning json)
                          from terrace.tier t6
                          where t6.policy_version = t4.policy_version
                          and t6.code = t4.code
                        ),
                        'customers': (
                          select count(*)
                          from terrace.standing_in_force t7
                          where t7.branch_id = t1.id
                          and t7.tier = t4.code
                          and t7.branch_id = $1::integer
                          and t7.month = (select c.open_month from terrace.calendar c)
                          and t7.status in ('ACTIVE', 'WATCH')
                        ),
                        'aum': (
                          select coalesce(sum(t8.total), 0.00)::text
                          from terrace.aum_figure t8
                          where t8.branch_id = $1::integer
                          and t8.month = (select c.open_month from terrace.calendar c)
                          and exists (
                            select
                            from terrace.standing_in_force t9
                            where t9.branch_id = t1.id
                            and t9.tier = t4.code
                            and t9.customer_id = t8.customer_id
                            and t9.branch_id = $1::integer
                            and (
                              t9.month = (select c.open_month from terrace.calendar c)
                              and t9.status in ('ACTIVE', 'WATCH')
                            )
                          )
                        ) returning json
                      )
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
                          and t5.status in ('ACTIVE', 'WATCH')
                        )
                      )
                    )
                  ),
                  '[]'::json
                ) returning json
              )
              from terrace.standing_in_force t3
              where t3.branch_id = t1.id
              and t3.branch_id = $1::integer
              and t3.month = (select c.open_month from terrace.calendar c)
              having true
            ) returning json
          )
          order by t1.code
        )
        from terrace.branch t1
        where true
      ),
      '[]'::json
    ) returning json
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'branches': coalesce(
      (
        select json_agg(
          json_object(
            'code': t1.code,
            'managers': (
              select json_object(
                'nodes': coalesce(
                  json_agg(
                    json_object('number': t2.number returning json)
                    order by t2.place
                  ) filter (where t2.place <= $2::integer),
                  '[]'::json
                ) returning json
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
            ),
            'vipStatistics': (
              select json_object(
                'assessed': count(*) filter (where t3.status in ('ACTIVE', 'WATCH')),
                'watch': count(*) filter (where t3.status = 'WATCH'),
                'total': count(*) filter (where t3.status in ('ACTIVE', 'WATCH', 'SPECIAL')),
                'exitedUnrated': count(*) filter (where t3.status = 'EXITED_UNRATED'),
                'byTier': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'tier': (
                          select json_object('code': t6.code returning json)
                          from terrace.tier t6
                          where t6.policy_version = t4.policy_version
                          and t6.code = t4.code
                        ),
                        'customers': (
                          select count(*)
                          from terrace.standing_in_force t7
                          where t7.branch_id = t1.id
                          and t7.tier = t4.code
                          and t7.month = (select c.open_month from terrace.calendar c)
                          and t7.status in ('ACTIVE', 'WATCH')
                        ),
                        'aum': (
                          select coalesce(sum(t8.total), 0.00)::text
                          from terrace.aum_figure t8
                          where t8.month = (select c.open_month from terrace.calendar c)
                          and exists (
                            select
                            from terrace.standing_in_force t9
                            where t9.branch_id = t1.id
                            and t9.tier = t4.code
                            and t9.customer_id = t8.customer_id
                            and (
                              t9.month = (select c.open_month from terrace.calendar c)
                              and t9.status in ('ACTIVE', 'WATCH')
                            )
                          )
                        ) returning json
                      )
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
                          and t5.status in ('ACTIVE', 'WATCH')
                        )
                      )
                    )
                  ),
                  '[]'::json
                ) returning json
              )
              from terrace.standing_in_force t3
              where t3.branch_id = t1.id
              and t3.month = (select c.open_month from terrace.calendar c)
              having true
            ) returning json
          )
          order by t1.code
        )
        from terrace.branch t1
        where true
      ),
      '[]'::json
    ) returning json
  )
)::text
end;

-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"vipStatistics":' || coalesce(
    (
      select coalesce(
        (
          '{"month":' || coalesce(
            to_json(
              coalesce(
                to_json(left((select c.open_month from terrace.calendar c)::text, 7)),
                '{" fault":"NO_BUSINESS_DATE"}'::json
              )
            )::text,
            'null'
          ) || ',"assessed":' || (
            count(*) filter (where t1.status in ('ACTIVE', 'WATCH'))
          )::text || ',"byTier":[' || coalesce(
            (
              select string_agg(
                (
                  '{"tier":' || coalesce(
                    (
                      select coalesce(
                        ('{"code":' || to_json(t4.code)::text || '}'),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t4
                      where t4.policy_version = t2.policy_version
                      and t4.code = t2.code
                    ),
                    'null'
                  ) || ',"customers":' || coalesce(
                    (
                      select coalesce(to_json(count(*))::text, 'null')
                      from terrace.standing_in_force t5
                      where t5.tier = t2.code
                      and t5.customer_id = $1::integer
                      and t5.month = (select c.open_month from terrace.calendar c)
                      and t5.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                      and t5.status in ('ACTIVE', 'WATCH')
                    ),
                    'null'
                  ) || ',"aum":"' || (
                    select coalesce(
                      sum(
                        (
                          select t7.total
                          from terrace.aum_figure t7
                          where t7.customer_id = t6.customer_id
                          and t7.customer_id = $1::integer
                          and t7.month = (select c.open_month from terrace.calendar c)
                        )
                      ),
                      0.00
                    )::text
                    from terrace.standing_in_force t6
                    where t6.tier = t2.code
                    and t6.customer_id = $1::integer
                    and t6.month = (select c.open_month from terrace.calendar c)
                    and t6.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                    and t6.status in ('ACTIVE', 'WATCH')
                  ) || '"}'
                ),
                ','
                order by t2.threshold,
                t2.code
              )
              from terrace.tier t2
              where t2.policy_version = (
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
                not t2.dropped
                or exists (
                  select
                  from terrace.standing_in_force t3
                  where t3.tier = t2.code
                  and t3.customer_id = $1::integer
                  and (
                    t3.month = (select c.open_month from terrace.calendar c)
                    and t3.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                    and t3.status in ('ACTIVE', 'WATCH')
                  )
                )
              )
            ),
            ''
          ) || ']}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.standing_in_force t1
      where t1.customer_id = $1::integer
      and t1.month = (select c.open_month from terrace.calendar c)
      and t1.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
      having true
    ),
    'null'
  ) || '}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"vipStatistics":' || coalesce(
    (
      select coalesce(
        (
          '{"month":' || coalesce(
            to_json(
              coalesce(
                to_json(left((select c.open_month from terrace.calendar c)::text, 7)),
                '{" fault":"NO_BUSINESS_DATE"}'::json
              )
            )::text,
            'null'
          ) || ',"assessed":' || (
            count(*) filter (where t1.status in ('ACTIVE', 'WATCH'))
          )::text || ',"byTier":[' || coalesce(
            (
              select string_agg(
                (
                  '{"tier":' || coalesce(
                    (
                      select coalesce(
                        ('{"code":' || to_json(t4.code)::text || '}'),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t4
                      where t4.policy_version = t2.policy_version
                      and t4.code = t2.code
                    ),
                    'null'
                  ) || ',"customers":' || coalesce(
                    (
                      select coalesce(to_json(count(*))::text, 'null')
                      from terrace.standing_in_force t5
                      where t5.tier = t2.code
                      and t5.manager_id = $1::integer
                      and t5.month = (select c.open_month from terrace.calendar c)
                      and t5.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                      and t5.status in ('ACTIVE', 'WATCH')
                    ),
                    'null'
                  ) || ',"aum":"' || (
                    select coalesce(
                      sum(
                        (
                          select t7.total
                          from terrace.aum_figure t7
                          where t7.customer_id = t6.customer_id
                          and t7.manager_id = $1::integer
                          and t7.month = (select c.open_month from terrace.calendar c)
                        )
                      ),
                      0.00
                    )::text
                    from terrace.standing_in_force t6
                    where t6.tier = t2.code
                    and t6.manager_id = $1::integer
                    and t6.month = (select c.open_month from terrace.calendar c)
                    and t6.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                    and t6.status in ('ACTIVE', 'WATCH')
                  ) || '"}'
                ),
                ','
                order by t2.threshold,
                t2.code
              )
              from terrace.tier t2
              where t2.policy_version = (
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
                not t2.dropped
                or exists (
                  select
                  from terrace.standing_in_force t3
                  where t3.tier = t2.code
                  and t3.manager_id = $1::integer
                  and (
                    t3.month = (select c.open_month from terrace.calendar c)
                    and t3.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                    and t3.status in ('ACTIVE', 'WATCH')
                  )
                )
              )
            ),
            ''
          ) || ']}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.standing_in_force t1
      where t1.manager_id = $1::integer
      and t1.month = (select c.open_month from terrace.calendar c)
      and t1.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
      having true
    ),
    'null'
  ) || '}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"vipStatistics":' || coalesce(
    (
      select coalesce(
        (
          '{"month":' || coalesce(
            to_json(
              coalesce(
                to_json(left((select c.open_month from terrace.calendar c)::text, 7)),
                '{" fault":"NO_BUSINESS_DATE"}'::json
              )
            )::text,
            'null'
          ) || ',"assessed":' || (
            count(*) filter (where t1.status in ('ACTIVE', 'WATCH'))
          )::text || ',"byTier":[' || coalesce(
            (
              select string_agg(
                (
                  '{"tier":' || coalesce(
                    (
                      select coalesce(
                        ('{"code":' || to_json(t4.code)::text || '}'),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t4
                      where t4.policy_version = t2.policy_version
                      and t4.code = t2.code
                    ),
                    'null'
                  ) || ',"customers":' || coalesce(
                    (
                      select coalesce(to_json(count(*))::text, 'null')
                      from terrace.standing_in_force t5
                      where t5.tier = t2.code
                      and t5.branch_id = $1::integer
                      and t5.month = (select c.open_month from terrace.calendar c)
                      and t5.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                      and t5.status in ('ACTIVE', 'WATCH')
                    ),
                    'null'
                  ) || ',"aum":"' || (
                    select coalesce(
                      sum(
                        (
                          select t7.total
                          from terrace.aum_figure t7
                          where t7.customer_id = t6.customer_id
                          and t7.branch_id = $1::integer
                          and t7.month = (select c.open_month from terrace.calendar c)
                        )
                      ),
                      0.00
                    )::text
                    from terrace.standing_in_force t6
                    where t6.tier = t2.code
                    and t6.branch_id = $1::integer
                    and t6.month = (select c.open_month from terrace.calendar c)
                    and t6.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                    and t6.status in ('ACTIVE', 'WATCH')
                  ) || '"}'
                ),
                ','
                order by t2.threshold,
                t2.code
              )
              from terrace.tier t2
              where t2.policy_version = (
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
                not t2.dropped
                or exists (
                  select
                  from terrace.standing_in_force t3
                  where t3.tier = t2.code
                  and t3.branch_id = $1::integer
                  and (
                    t3.month = (select c.open_month from terrace.calendar c)
                    and t3.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                    and t3.status in ('ACTIVE', 'WATCH')
                  )
                )
              )
            ),
            ''
          ) || ']}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.standing_in_force t1
      where t1.branch_id = $1::integer
      and t1.month = (select c.open_month from terrace.calendar c)
      and t1.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
      having true
    ),
    'null'
  ) || '}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"vipStatistics":' || coalesce(
    (
      select coalesce(
        (
          '{"month":' || coalesce(
            to_json(
              coalesce(
                to_json(left((select c.open_month from terrace.calendar c)::text, 7)),
                '{" fault":"NO_BUSINESS_DATE"}'::json
              )
            )::text,
            'null'
          ) || ',"assessed":' || (
            count(*) filter (where t1.status in ('ACTIVE', 'WATCH'))
          )::text || ',"byTier":[' || coalesce(
            (
              select string_agg(
                (
                  '{"tier":' || coalesce(
                    (
                      select coalesce(
                        ('{"code":' || to_json(t4.code)::text || '}'),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t4
                      where t4.policy_version = t2.policy_version
                      and t4.code = t2.code
                    ),
                    'null'
                  ) || ',"customers":' || coalesce(
                    (
                      select coalesce(to_json(count(*))::text, 'null')
                      from terrace.standing_in_force t5
                      where t5.tier = t2.code
                      and t5.month = (select c.open_month from terrace.calendar c)
                      and t5.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                      and t5.status in ('ACTIVE', 'WATCH')
                    ),
                    'null'
                  ) || ',"aum":"' || (
                    select coalesce(
                      sum(
                        (
                          select t7.total
                          from terrace.aum_figure t7
                          where t7.customer_id = t6.customer_id
                          and t7.month = (select c.open_month from terrace.calendar c)
                        )
                      ),
                      0.00
                    )::text
                    from terrace.standing_in_force t6
                    where t6.tier = t2.code
                    and t6.month = (select c.open_month from terrace.calendar c)
                    and t6.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                    and t6.status in ('ACTIVE', 'WATCH')
                  ) || '"}'
                ),
                ','
                order by t2.threshold,
                t2.code
              )
              from terrace.tier t2
              where t2.policy_version = (
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
                not t2.dropped
                or exists (
                  select
                  from terrace.standing_in_force t3
                  where t3.tier = t2.code
                  and (
                    t3.month = (select c.open_month from terrace.calendar c)
                    and t3.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
                    and t3.status in ('ACTIVE', 'WATCH')
                  )
                )
              )
            ),
            ''
          ) || ']}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.standing_in_force t1
      where t1.month = (select c.open_month from terrace.calendar c)
      and t1.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')
      having true
    ),
    'null'
  ) || '}'
)
end;

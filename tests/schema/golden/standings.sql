-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customers': (
      select json_object(
        'nodes': coalesce(
          json_agg(
            json_object(
              'number': t1.number,
              'standing': coalesce(
                (
                  select json_object(
                    'status': t2.status,
                    'tier': (
                      select json_object('code': t3.code, 'name': t3.name returning json)
                      from terrace.tier t3
                      where t3.policy_version = t2.policy_version
                      and t3.code = t2.tier
                    ),
                    'since': left(t2.since::text, 7),
                    'decision':
                    case
                    when t2.rule is not null then json_object(
                      'rule': t2.rule,
                      'explanation': json_object(
                        ' fill': '0',
                        'month': left(t2.decision_month::text, 7),
                        'before': t2.before,
                        'after': t2.state,
                        'rule': t2.rule,
                        'policy_version': t2.policy_version,
                        'judged': t2.judged,
                        'policies': coalesce(
                          (
                            select json_agg(
                              json_object(
                                'version': t4.version,
                                'document': t4.document returning json
                              )
                              order by t4.version
                            )
                            from terrace.tier_policy t4
                            where true
                          ),
                          '[]'::json
                        ) returning json
                      ),
                      'policy': (
                        select json_object('version': t5.version returning json)
                        from terrace.tier_policy t5
                        where t5.version = t2.policy_version
                      ),
                      'judged': coalesce(
                        (
                          select json_agg(
                            json_object(
                              'month': t6.month,
                              'total': t6.total,
                              'reached': (
                                select json_object('code': t7.code returning json)
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
                              ) returning json
                            )
                            order by t6.ordinality
                          )
                          from rows
                          from (
                            jsonb_to_recordset(t2.judged) as (month text, total text, reached text)
                          ) with ordinality t6
                        ),
                        '[]'::json
                      ) returning json
                    )
                    end returning json
                  )
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.customer_id = $1::integer
                  order by t2.month desc
                  limit 1
                ),
                json_object(
                  'status': 'NON_MEMBER',
                  'tier': null::text,
                  'since': null::text,
                  'decision': null::text returning json
                )
              ),
              'outlook': json_object(
                ' fill': '1',
                'calendar': (
                  select json_object(
                    'month': left(t8.open_month::text, 7),
                    'business_date': t8.business_date::text returning json
                  )
                  from terrace.calendar t8
                  where true
                ),
                'aum': (
                  select json_object(
                    'total': (
                      t9.deposits_sum + t9.investments_sum + t9.settlement_funds_sum
                    )::text,
                    'level': t9.level::text,
                    'days': t9.days,
                    'complete': t9.complete returning json
                  )
                  from terrace.aum_figure t9
                  where t9.customer_id = t1.id
                  and t9.customer_id = $1::integer
                  and t9.month = (select c.open_month from terrace.calendar c)
                ),
                'standing': (
                  select json_object('state': t10.state returning json)
                  from terrace.standing_in_force t10
                  where t10.customer_id = t1.id
                  and t10.customer_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                'replayed': (
                  select json_object('state': t11.state returning json)
                  from terrace.replayed_standing t11
                  where t11.customer_id = t1.id
                  and t11.customer_id = $1::integer
                  and t11.month = (select c.open_month from terrace.calendar c)
                ),
                'policies': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'version': t12.version,
                        'document': t12.document returning json
                      )
                      order by t12.version
                    )
                    from terrace.tier_policy t12
                    where true
                  ),
                  '[]'::json
                ),
                'grants': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'start': t13.starts::text,
                        'until': t13.until::text,
                        'revoked_on': t13.revoked_on::text returning json
                      )
                      order by t13.id
                    )
                    from terrace.special_grant t13
                    where t13.customer_id = t1.id
                    and t13.customer_id = $1::integer
                  ),
                  '[]'::json
                ) returning json
              ) returning json
            )
            order by t1.place
          ) filter (where t1.place <= $2::integer),
          '[]'::json
        ) returning json
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
    ) returning json
  )
)::text
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customers': (
      select json_object(
        'nodes': coalesce(
          json_agg(
            json_object(
              'number': t1.number,
              'standing': coalesce(
                (
                  select json_object(
                    'status': t2.status,
                    'tier': (
                      select json_object('code': t3.code, 'name': t3.name returning json)
                      from terrace.tier t3
                      where t3.policy_version = t2.policy_version
                      and t3.code = t2.tier
                    ),
                    'since': left(t2.since::text, 7),
                    'decision':
                    case
                    when t2.rule is not null then json_object(
                      'rule': t2.rule,
                      'explanation': json_object(
                        ' fill': '0',
                        'month': left(t2.decision_month::text, 7),
                        'before': t2.before,
                        'after': t2.state,
                        'rule': t2.rule,
                        'policy_version': t2.policy_version,
                        'judged': t2.judged,
                        'policies': coalesce(
                          (
                            select json_agg(
                              json_object(
                                'version': t4.version,
                                'document': t4.document returning json
                              )
                              order by t4.version
                            )
                            from terrace.tier_policy t4
                            where true
                          ),
                          '[]'::json
                        ) returning json
                      ),
                      'policy': (
                        select json_object('version': t5.version returning json)
                        from terrace.tier_policy t5
                        where t5.version = t2.policy_version
                      ),
                      'judged': coalesce(
                        (
                          select json_agg(
                            json_object(
                              'month': t6.month,
                              'total': t6.total,
                              'reached': (
                                select json_object('code': t7.code returning json)
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
                              ) returning json
                            )
                            order by t6.ordinality
                          )
                          from rows
                          from (
                            jsonb_to_recordset(t2.judged) as (month text, total text, reached text)
                          ) with ordinality t6
                        ),
                        '[]'::json
                      ) returning json
                    )
                    end returning json
                  )
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.manager_id = $1::integer
                  order by t2.month desc
                  limit 1
                ),
                json_object(
                  'status': 'NON_MEMBER',
                  'tier': null::text,
                  'since': null::text,
                  'decision': null::text returning json
                )
              ),
              'outlook': json_object(
                ' fill': '1',
                'calendar': (
                  select json_object(
                    'month': left(t8.open_month::text, 7),
                    'business_date': t8.business_date::text returning json
                  )
                  from terrace.calendar t8
                  where true
                ),
                'aum': (
                  select json_object(
                    'total': (
                      t9.deposits_sum + t9.investments_sum + t9.settlement_funds_sum
                    )::text,
                    'level': t9.level::text,
                    'days': t9.days,
                    'complete': t9.complete returning json
                  )
                  from terrace.aum_figure t9
                  where t9.customer_id = t1.id
                  and t9.manager_id = $1::integer
                  and t9.month = (select c.open_month from terrace.calendar c)
                ),
                'standing': (
                  select json_object('state': t10.state returning json)
                  from terrace.standing_in_force t10
                  where t10.customer_id = t1.id
                  and t10.manager_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                'replayed': (
                  select json_object('state': t11.state returning json)
                  from terrace.replayed_standing t11
                  where t11.customer_id = t1.id
                  and t11.manager_id = $1::integer
                  and t11.month = (select c.open_month from terrace.calendar c)
                ),
                'policies': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'version': t12.version,
                        'document': t12.document returning json
                      )
                      order by t12.version
                    )
                    from terrace.tier_policy t12
                    where true
                  ),
                  '[]'::json
                ),
                'grants': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'start': t13.starts::text,
                        'until': t13.until::text,
                        'revoked_on': t13.revoked_on::text returning json
                      )
                      order by t13.id
                    )
                    from terrace.special_grant t13
                    where t13.customer_id = t1.id
                    and t13.manager_id = $1::integer
                  ),
                  '[]'::json
                ) returning json
              ) returning json
            )
            order by t1.place
          ) filter (where t1.place <= $2::integer),
          '[]'::json
        ) returning json
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
    ) returning json
  )
)::text
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customers': (
      select json_object(
        'nodes': coalesce(
          json_agg(
            json_object(
              'number': t1.number,
              'standing': coalesce(
                (
                  select json_object(
                    'status': t2.status,
                    'tier': (
                      select json_object('code': t3.code, 'name': t3.name returning json)
                      from terrace.tier t3
                      where t3.policy_version = t2.policy_version
                      and t3.code = t2.tier
                    ),
                    'since': left(t2.since::text, 7),
                    'decision':
                    case
                    when t2.rule is not null then json_object(
                      'rule': t2.rule,
                      'explanation': json_object(
                        ' fill': '0',
                        'month': left(t2.decision_month::text, 7),
                        'before': t2.before,
                        'after': t2.state,
                        'rule': t2.rule,
                        'policy_version': t2.policy_version,
                        'judged': t2.judged,
                        'policies': coalesce(
                          (
                            select json_agg(
                              json_object(
                                'version': t4.version,
                                'document': t4.document returning json
                              )
                              order by t4.version
                            )
                            from terrace.tier_policy t4
                            where true
                          ),
                          '[]'::json
                        ) returning json
                      ),
                      'policy': (
                        select json_object('version': t5.version returning json)
                        from terrace.tier_policy t5
                        where t5.version = t2.policy_version
                      ),
                      'judged': coalesce(
                        (
                          select json_agg(
                            json_object(
                              'month': t6.month,
                              'total': t6.total,
                              'reached': (
                                select json_object('code': t7.code returning json)
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
                              ) returning json
                            )
                            order by t6.ordinality
                          )
                          from rows
                          from (
                            jsonb_to_recordset(t2.judged) as (month text, total text, reached text)
                          ) with ordinality t6
                        ),
                        '[]'::json
                      ) returning json
                    )
                    end returning json
                  )
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.branch_id = $1::integer
                  order by t2.month desc
                  limit 1
                ),
                json_object(
                  'status': 'NON_MEMBER',
                  'tier': null::text,
                  'since': null::text,
                  'decision': null::text returning json
                )
              ),
              'outlook': json_object(
                ' fill': '1',
                'calendar': (
                  select json_object(
                    'month': left(t8.open_month::text, 7),
                    'business_date': t8.business_date::text returning json
                  )
                  from terrace.calendar t8
                  where true
                ),
                'aum': (
                  select json_object(
                    'total': (
                      t9.deposits_sum + t9.investments_sum + t9.settlement_funds_sum
                    )::text,
                    'level': t9.level::text,
                    'days': t9.days,
                    'complete': t9.complete returning json
                  )
                  from terrace.aum_figure t9
                  where t9.customer_id = t1.id
                  and t9.branch_id = $1::integer
                  and t9.month = (select c.open_month from terrace.calendar c)
                ),
                'standing': (
                  select json_object('state': t10.state returning json)
                  from terrace.standing_in_force t10
                  where t10.customer_id = t1.id
                  and t10.branch_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                'replayed': (
                  select json_object('state': t11.state returning json)
                  from terrace.replayed_standing t11
                  where t11.customer_id = t1.id
                  and t11.branch_id = $1::integer
                  and t11.month = (select c.open_month from terrace.calendar c)
                ),
                'policies': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'version': t12.version,
                        'document': t12.document returning json
                      )
                      order by t12.version
                    )
                    from terrace.tier_policy t12
                    where true
                  ),
                  '[]'::json
                ),
                'grants': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'start': t13.starts::text,
                        'until': t13.until::text,
                        'revoked_on': t13.revoked_on::text returning json
                      )
                      order by t13.id
                    )
                    from terrace.special_grant t13
                    where t13.customer_id = t1.id
                    and t13.branch_id = $1::integer
                  ),
                  '[]'::json
                ) returning json
              ) returning json
            )
            order by t1.place
          ) filter (where t1.place <= $2::integer),
          '[]'::json
        ) returning json
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
    ) returning json
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customers': (
      select json_object(
        'nodes': coalesce(
          json_agg(
            json_object(
              'number': t1.number,
              'standing': coalesce(
                (
                  select json_object(
                    'status': t2.status,
                    'tier': (
                      select json_object('code': t3.code, 'name': t3.name returning json)
                      from terrace.tier t3
                      where t3.policy_version = t2.policy_version
                      and t3.code = t2.tier
                    ),
                    'since': left(t2.since::text, 7),
                    'decision':
                    case
                    when t2.rule is not null then json_object(
                      'rule': t2.rule,
                      'explanation': json_object(
                        ' fill': '0',
                        'month': left(t2.decision_month::text, 7),
                        'before': t2.before,
                        'after': t2.state,
                        'rule': t2.rule,
                        'policy_version': t2.policy_version,
                        'judged': t2.judged,
                        'policies': coalesce(
                          (
                            select json_agg(
                              json_object(
                                'version': t4.version,
                                'document': t4.document returning json
                              )
                              order by t4.version
                            )
                            from terrace.tier_policy t4
                            where true
                          ),
                          '[]'::json
                        ) returning json
                      ),
                      'policy': (
                        select json_object('version': t5.version returning json)
                        from terrace.tier_policy t5
                        where t5.version = t2.policy_version
                      ),
                      'judged': coalesce(
                        (
                          select json_agg(
                            json_object(
                              'month': t6.month,
                              'total': t6.total,
                              'reached': (
                                select json_object('code': t7.code returning json)
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
                              ) returning json
                            )
                            order by t6.ordinality
                          )
                          from rows
                          from (
                            jsonb_to_recordset(t2.judged) as (month text, total text, reached text)
                          ) with ordinality t6
                        ),
                        '[]'::json
                      ) returning json
                    )
                    end returning json
                  )
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  order by t2.month desc
                  limit 1
                ),
                json_object(
                  'status': 'NON_MEMBER',
                  'tier': null::text,
                  'since': null::text,
                  'decision': null::text returning json
                )
              ),
              'outlook': json_object(
                ' fill': '1',
                'calendar': (
                  select json_object(
                    'month': left(t8.open_month::text, 7),
                    'business_date': t8.business_date::text returning json
                  )
                  from terrace.calendar t8
                  where true
                ),
                'aum': (
                  select json_object(
                    'total': (
                      t9.deposits_sum + t9.investments_sum + t9.settlement_funds_sum
                    )::text,
                    'level': t9.level::text,
                    'days': t9.days,
                    'complete': t9.complete returning json
                  )
                  from terrace.aum_figure t9
                  where t9.customer_id = t1.id
                  and t9.month = (select c.open_month from terrace.calendar c)
                ),
                'standing': (
                  select json_object('state': t10.state returning json)
                  from terrace.standing_in_force t10
                  where t10.customer_id = t1.id
                  order by t10.month desc
                  limit 1
                ),
                'replayed': (
                  select json_object('state': t11.state returning json)
                  from terrace.replayed_standing t11
                  where t11.customer_id = t1.id
                  and t11.month = (select c.open_month from terrace.calendar c)
                ),
                'policies': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'version': t12.version,
                        'document': t12.document returning json
                      )
                      order by t12.version
                    )
                    from terrace.tier_policy t12
                    where true
                  ),
                  '[]'::json
                ),
                'grants': coalesce(
                  (
                    select json_agg(
                      json_object(
                        'start': t13.starts::text,
                        'until': t13.until::text,
                        'revoked_on': t13.revoked_on::text returning json
                      )
                      order by t13.id
                    )
                    from terrace.special_grant t13
                    where t13.customer_id = t1.id
                  ),
                  '[]'::json
                ) returning json
              ) returning json
            )
            order by t1.place
          ) filter (where t1.place <= $2::integer),
          '[]'::json
        ) returning json
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
    ) returning json
  )
)::text
end;

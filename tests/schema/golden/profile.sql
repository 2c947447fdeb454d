-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customer': (
      select json_object(
        'number': t1.number,
        'name': t1.name,
        'standing': coalesce(
          (
            select json_object(
              'status': t2.status,
              'since': left(t2.since::text, 7),
              'tier': (
                select json_object(
                  'code': t3.code,
                  'name': t3.name,
                  'rank': t3.rank returning json
                )
                from terrace.tier t3
                where t3.policy_version = t2.policy_version
                and t3.code = t2.tier
              ) returning json
            )
            from terrace.standing_in_force t2
            where t2.customer_id = t1.id
            and t2.customer_id = $1::integer
            order by t2.month desc
            limit 1
          ),
          json_object(
            'status': 'NON_MEMBER',
            'since': null::text,
            'tier': null::text returning json
          )
        ),
        'manager': (
          select json_object('number': t4.number, 'name': t4.name returning json)
          from terrace.manager t4
          where t4.id = t1.assigned_manager_id
          and t4.id = (
            select own.manager_id
            from terrace.customer own
            where own.id = $1::integer
          )
        ),
        'branch': (
          select json_object('code': t5.code, 'name': t5.name returning json)
          from terrace.branch t5
          where t5.id = t1.branch_id
        ),
        'accounts': coalesce(
          (
            select json_agg(
              json_object(
                'number': t6.number,
                'productClass': t6.product_class,
                'currency': t6.currency,
                'balance': t6.balance::text,
                'balanceAsOf': t6.balance_as_of::text returning json
              )
              order by t6.number
            )
            from terrace.account t6
            where t6.customer_id = t1.id
            and t6.customer_id = $1::integer
          ),
          '[]'::json
        ),
        'aumHistory': coalesce(
          (
            select json_agg(
              json_object(
                'month': left(t7.month::text, 7),
                'total': t7.total::text,
                'deposits': t7.deposits::text,
                'investments': t7.investments::text,
                'settlementFunds': t7.settlement_funds::text,
                'final': t7.final returning json
              )
              order by t7.month
            )
            from terrace.aum_figure t7
            where t7.customer_id = t1.id
            and t7.customer_id = $1::integer
            and t7.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
            and t7.month <= (select c.open_month from terrace.calendar c)
          ),
          '[]'::json
        ),
        'riskSignals': (
          select json_object(
            'nodes': coalesce(
              json_agg(
                json_object(
                  'code': t8.code,
                  'severity': t8.severity,
                  'state': t8.state,
                  'reportedAt': to_char(
                    t8.reported_at at time zone 'UTC',
                    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                  ) returning json
                )
                order by t8.place
              ) filter (where t8.place <= $4::integer),
              '[]'::json
            ),
            'pageInfo': json_object(
              'hasNextPage': count(*) > $4::integer returning json
            ) returning json
          )
          from (
            select t8.*,
            row_number() over (order by t8.id) as place
            from (
              select t8.*
              from terrace.risk_signal t8
              where t8.customer_id = t1.id
              and false
              order by t8.id
              limit $4::integer + 1
            ) t8
          ) t8
          having true
        ) returning json
      )
      from terrace.customer t1
      where t1.id = $1::integer
      and t1.number = $2::text
    ) returning json
  )
)::text
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customer': (
      select json_object(
        'number': t1.number,
        'name': t1.name,
        'standing': coalesce(
          (
            select json_object(
              'status': t2.status,
              'since': left(t2.since::text, 7),
              'tier': (
                select json_object(
                  'code': t3.code,
                  'name': t3.name,
                  'rank': t3.rank returning json
                )
                from terrace.tier t3
                where t3.policy_version = t2.policy_version
                and t3.code = t2.tier
              ) returning json
            )
            from terrace.standing_in_force t2
            where t2.customer_id = t1.id
            and t2.manager_id = $1::integer
            order by t2.month desc
            limit 1
          ),
          json_object(
            'status': 'NON_MEMBER',
            'since': null::text,
            'tier': null::text returning json
          )
        ),
        'manager': (
          select json_object('number': t4.number, 'name': t4.name returning json)
          from terrace.manager t4
          where t4.id = t1.assigned_manager_id
          and t4.id = $1::integer
        ),
        'branch': (
          select json_object('code': t5.code, 'name': t5.name returning json)
          from terrace.branch t5
          where t5.id = t1.branch_id
        ),
        'accounts': coalesce(
          (
            select json_agg(
              json_object(
                'number': t6.number,
                'productClass': t6.product_class,
                'currency': t6.currency,
                'balance': t6.balance::text,
                'balanceAsOf': t6.balance_as_of::text returning json
              )
              order by t6.number
            )
            from terrace.account t6
            where t6.customer_id = t1.id
            and t6.manager_id = $1::integer
          ),
          '[]'::json
        ),
        'aumHistory': coalesce(
          (
            select json_agg(
              json_object(
                'month': left(t7.month::text, 7),
                'total': t7.total::text,
                'deposits': t7.deposits::text,
                'investments': t7.investments::text,
                'settlementFunds': t7.settlement_funds::text,
                'final': t7.final returning json
              )
              order by t7.month
            )
            from terrace.aum_figure t7
            where t7.customer_id = t1.id
            and t7.manager_id = $1::integer
            and t7.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
            and t7.month <= (select c.open_month from terrace.calendar c)
          ),
          '[]'::json
        ),
        'riskSignals': (
          select json_object(
            'nodes': coalesce(
              json_agg(
                json_object(
                  'code': t8.code,
                  'severity': t8.severity,
                  'state': t8.state,
                  'reportedAt': to_char(
                    t8.reported_at at time zone 'UTC',
                    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                  ) returning json
                )
                order by t8.place
              ) filter (where t8.place <= $4::integer),
              '[]'::json
            ),
            'pageInfo': json_object(
              'hasNextPage': count(*) > $4::integer returning json
            ) returning json
          )
          from (
            select t8.*,
            row_number() over (order by t8.id) as place
            from (
              select t8.*
              from terrace.risk_signal t8
              where t8.customer_id = t1.id
              and t8.manager_id = $1::integer
              order by t8.id
              limit $4::integer + 1
            ) t8
          ) t8
          having true
        ) returning json
      )
      from terrace.customer t1
      where t1.manager_id = $1::integer
      and t1.number = $2::text
    ) returning json
  )
)::text
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customer': (
      select json_object(
        'number': t1.number,
        'name': t1.name,
        'standing': coalesce(
          (
            select json_object(
              'status': t2.status,
              'since': left(t2.since::text, 7),
              'tier': (
                select json_object(
                  'code': t3.code,
                  'name': t3.name,
                  'rank': t3.rank returning json
                )
                from terrace.tier t3
                where t3.policy_version = t2.policy_version
                and t3.code = t2.tier
              ) returning json
            )
            from terrace.standing_in_force t2
            where t2.customer_id = t1.id
            and t2.branch_id = $1::integer
            order by t2.month desc
            limit 1
          ),
          json_object(
            'status': 'NON_MEMBER',
            'since': null::text,
            'tier': null::text returning json
          )
        ),
        'manager': (
          select json_object('number': t4.number, 'name': t4.name returning json)
          from terrace.manager t4
          where t4.id = t1.assigned_manager_id
          and t4.branch_id = $1::integer
        ),
        'branch': (
          select json_object('code': t5.code, 'name': t5.name returning json)
          from terrace.branch t5
          where t5.id = t1.branch_id
        ),
        'accounts': coalesce(
          (
            select json_agg(
              json_object(
                'number': t6.number,
                'productClass': t6.product_class,
                'currency': t6.currency,
                'balance': t6.balance::text,
                'balanceAsOf': t6.balance_as_of::text returning json
              )
              order by t6.number
            )
            from terrace.account t6
            where t6.customer_id = t1.id
            and t6.branch_id = $1::integer
          ),
          '[]'::json
        ),
        'aumHistory': coalesce(
          (
            select json_agg(
              json_object(
                'month': left(t7.month::text, 7),
                'total': t7.total::text,
                'deposits': t7.deposits::text,
                'investments': t7.investments::text,
                'settlementFunds': t7.settlement_funds::text,
                'final': t7.final returning json
              )
              order by t7.month
            )
            from terrace.aum_figure t7
            where t7.customer_id = t1.id
            and t7.branch_id = $1::integer
            and t7.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
            and t7.month <= (select c.open_month from terrace.calendar c)
          ),
          '[]'::json
        ),
        'riskSignals': (
          select json_object(
            'nodes': coalesce(
              json_agg(
                json_object(
                  'code': t8.code,
                  'severity': t8.severity,
                  'state': t8.state,
                  'reportedAt': to_char(
                    t8.reported_at at time zone 'UTC',
                    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                  ) returning json
                )
                order by t8.place
              ) filter (where t8.place <= $4::integer),
              '[]'::json
            ),
            'pageInfo': json_object(
              'hasNextPage': count(*) > $4::integer returning json
            ) returning json
          )
          from (
            select t8.*,
            row_number() over (order by t8.id) as place
            from (
              select t8.*
              from terrace.risk_signal t8
              where t8.customer_id = t1.id
              and t8.branch_id = $1::integer
              order by t8.id
              limit $4::integer + 1
            ) t8
          ) t8
          having true
        ) returning json
      )
      from terrace.customer t1
      where t1.branch_id = $1::integer
      and t1.number = $2::text
    ) returning json
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customer': (
      select json_object(
        'number': t1.number,
        'name': t1.name,
        'standing': coalesce(
          (
            select json_object(
              'status': t2.status,
              'since': left(t2.since::text, 7),
              'tier': (
                select json_object(
                  'code': t3.code,
                  'name': t3.name,
                  'rank': t3.rank returning json
                )
                from terrace.tier t3
                where t3.policy_version = t2.policy_version
                and t3.code = t2.tier
              ) returning json
            )
            from terrace.standing_in_force t2
            where t2.customer_id = t1.id
            order by t2.month desc
            limit 1
          ),
          json_object(
            'status': 'NON_MEMBER',
            'since': null::text,
            'tier': null::text returning json
          )
        ),
        'manager': (
          select json_object('number': t4.number, 'name': t4.name returning json)
          from terrace.manager t4
          where t4.id = t1.assigned_manager_id
        ),
        'branch': (
          select json_object('code': t5.code, 'name': t5.name returning json)
          from terrace.branch t5
          where t5.id = t1.branch_id
        ),
        'accounts': coalesce(
          (
            select json_agg(
              json_object(
                'number': t6.number,
                'productClass': t6.product_class,
                'currency': t6.currency,
                'balance': t6.balance::text,
                'balanceAsOf': t6.balance_as_of::text returning json
              )
              order by t6.number
            )
            from terrace.account t6
            where t6.customer_id = t1.id
          ),
          '[]'::json
        ),
        'aumHistory': coalesce(
          (
            select json_agg(
              json_object(
                'month': left(t7.month::text, 7),
                'total': t7.total::text,
                'deposits': t7.deposits::text,
                'investments': t7.investments::text,
                'settlementFunds': t7.settlement_funds::text,
                'final': t7.final returning json
              )
              order by t7.month
            )
            from terrace.aum_figure t7
            where t7.customer_id = t1.id
            and t7.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
            and t7.month <= (select c.open_month from terrace.calendar c)
          ),
          '[]'::json
        ),
        'riskSignals': (
          select json_object(
            'nodes': coalesce(
              json_agg(
                json_object(
                  'code': t8.code,
                  'severity': t8.severity,
                  'state': t8.state,
                  'reportedAt': to_char(
                    t8.reported_at at time zone 'UTC',
                    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                  ) returning json
                )
                order by t8.place
              ) filter (where t8.place <= $4::integer),
              '[]'::json
            ),
            'pageInfo': json_object(
              'hasNextPage': count(*) > $4::integer returning json
            ) returning json
          )
          from (
            select t8.*,
            row_number() over (order by t8.id) as place
            from (
              select t8.*
              from terrace.risk_signal t8
              where t8.customer_id = t1.id
              order by t8.id
              limit $4::integer + 1
            ) t8
          ) t8
          having true
        ) returning json
      )
      from terrace.customer t1
      where t1.number = $2::text
    ) returning json
  )
)::text
end;

"""The peers' statements: what somebody would write by hand for the read benchmarks.

Both keep to the walls as Terrace's compiled statements do: the setter in the CASE form, the
manager's predicate on every table of customers. They read base tables only, look at the calendar
once, and know which months and pages are asked for. $1 is the manager's key.
"""

# $2 the customer's number.
PROFILE = """
select case when set_config('app.id', $1::integer::text, true) is not null then (
    select json_build_object('customer', json_build_object(
        'number', c.number, 'name', c.name,
        'standing', (
            select json_build_object('status', s.status, 'since', left(s.since::text, 7),
                'tier', case when t.code is not null then
                    json_build_object('code', t.code, 'name', t.name, 'rank', t.rank) end)
            from terrace.standing s
            left join terrace.tier t on t.policy_version = s.policy_version and t.code = s.tier
            where s.customer_id = c.id and s.manager_id = $1 and s.month <= k.open_month
            order by s.month desc limit 1),
        'manager', json_build_object('number', m.number, 'name', m.name),
        'branch', json_build_object('code', b.code, 'name', b.name),
        'accounts', (
            select json_agg(json_build_object('number', a.number, 'productClass', a.product_class,
                'currency', a.currency, 'balance', a.balance::text,
                'balanceAsOf', a.balance_as_of::text) order by a.number)
            from terrace.account a where a.customer_id = c.id and a.manager_id = $1),
        'aumHistory', (
            select json_agg(json_build_object('month', left(f.month::text, 7),
                'total', round((f.d + f.i + f.s) / f.days, 2)::text,
                'deposits', round(f.d / f.days, 2)::text,
                'investments', round(f.i / f.days, 2)::text,
                'settlementFunds', round(f.s / f.days, 2)::text,
                'final', f.month <= k.last_closed) order by f.month)
            from (
                select a.month,
                    a.deposits_sum + a.deposits_level * e.ahead as d,
                    a.investments_sum + a.investments_level * e.ahead as i,
                    a.settlement_funds_sum + a.settlement_funds_level * e.ahead as s,
                    case when a.month <= k.last_closed or e.through = e.last then a.divisor
                        else e.through - a.month + 1 end as days
                from terrace.aum a
                cross join lateral (
                    select (a.month + interval '1 month')::date - 1 as last,
                        least(k.business_date, (a.month + interval '1 month')::date - 1) as through,
                        greatest(least(k.business_date, (a.month + interval '1 month')::date - 1)
                            - a.as_of, 0) as ahead) e
                where a.customer_id = c.id and a.manager_id = $1
                    and a.month > k.open_month - interval '12 months' and a.month <= k.open_month
                offset 0
            ) f),
        'riskSignals', (
            select json_build_object(
                'nodes', coalesce(json_agg(json_build_object('code', r.code,
                    'severity', r.severity, 'state', r.state, 'reportedAt', to_char(
                        r.reported_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                    order by r.id) filter (where r.place <= 5), '[]'),
                'pageInfo', json_build_object('hasNextPage', count(*) > 5))
            from (
                select id, code, severity, state, reported_at, row_number() over (order by id)
                    as place
                from terrace.risk_signal where customer_id = c.id and manager_id = $1
                order by id limit 6
            ) r)
    ))::text
    from terrace.customer c
    cross join terrace.calendar k
    join terrace.branch b on b.id = c.branch_id
    left join terrace.manager m on m.id = c.assigned_manager_id and m.id = $1
    where c.number = $2 and c.manager_id = $1
) end
"""

LIST = """
select case when set_config('app.id', $1::integer::text, true) is not null then (
    select json_build_object('manager', json_build_object('customers', json_build_object(
        'nodes', json_agg(json_build_object('number', c.number, 'name', c.name,
            'standing', json_build_object('status', s.status, 'tier', case
                when t.code is not null then json_build_object('code', t.code, 'name', t.name)
                end),
            'accounts', a.accounts) order by c.number) filter (where c.place <= 50),
        'pageInfo', json_build_object('hasNextPage', count(*) > 50))))::text
    from (
        select id, number, name, row_number() over (order by number) as place
        from terrace.customer where manager_id = $1 order by number limit 51
    ) c
    cross join terrace.calendar k
    left join lateral (
        select status, tier, policy_version from terrace.standing
        where customer_id = c.id and manager_id = $1 and month <= k.open_month
        order by month desc limit 1
    ) s on true
    left join terrace.tier t on t.policy_version = s.policy_version and t.code = s.tier
    cross join lateral (
        select json_agg(json_build_object('number', number, 'productClass', product_class,
            'balance', balance::text) order by number) as accounts
        from terrace.account where customer_id = c.id and manager_id = $1
    ) a
) end
"""

# $2 the customer's number.
TINY = """
select case when set_config('app.id', $1::integer::text, true) is not null then (
    select json_build_object('customer', json_build_object('number', number, 'name', name))::text
    from terrace.customer where number = $2 and manager_id = $1
) end
"""

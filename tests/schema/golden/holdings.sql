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
              'accounts': coalesce(
                (
                  select json_agg(
                    json_object(
                      'id': encode(
                        convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                        'base64'
                      ),
                      'number': t2.number,
                      'customer': (
                        select json_object('number': t3.number returning json)
                        from terrace.customer t3
                        where t3.id = t2.customer_id
                        and t3.id = $1::integer
                      ),
                      'productClass': t2.product_class,
                      'currency': t2.currency,
                      'balance': t2.balance::text,
                      'balanceAsOf': t2.balance_as_of::text returning json
                    )
                    order by t2.number
                  )
                  from terrace.account t2
                  where t2.customer_id = t1.id
                  and t2.customer_id = $1::integer
                ),
                '[]'::json
              ),
              'aum': (
                select json_object('total': t4.total::text returning json)
                from terrace.aum_figure t4
                where t4.customer_id = t1.id
                and t4.customer_id = $1::integer
                and t4.month = (select c.open_month from terrace.calendar c)
              ),
              'aumHistory': coalesce(
                (
                  select json_agg(
                    json_object(
                      'month': left(t5.month::text, 7),
                      'total': t5.total::text,
                      'final': t5.final returning json
                    )
                    order by t5.month
                  )
                  from terrace.aum_figure t5
                  where t5.customer_id = t1.id
                  and t5.customer_id = $1::integer
                  and t5.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
                  and t5.month <= (select c.open_month from terrace.calendar c)
                ),
                '[]'::json
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
              'accounts': coalesce(
                (
                  select json_agg(
                    json_object(
                      'id': encode(
                        convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                        'base64'
                      ),
                      'number': t2.number,
                      'customer': (
                        select json_object('number': t3.number returning json)
                        from terrace.customer t3
                        where t3.id = t2.customer_id
                        and t3.manager_id = $1::integer
                      ),
                      'productClass': t2.product_class,
                      'currency': t2.currency,
                      'balance': t2.balance::text,
                      'balanceAsOf': t2.balance_as_of::text returning json
                    )
                    order by t2.number
                  )
                  from terrace.account t2
                  where t2.customer_id = t1.id
                  and t2.manager_id = $1::integer
                ),
                '[]'::json
              ),
              'aum': (
                select json_object('total': t4.total::text returning json)
                from terrace.aum_figure t4
                where t4.customer_id = t1.id
                and t4.manager_id = $1::integer
                and t4.month = (select c.open_month from terrace.calendar c)
              ),
              'aumHistory': coalesce(
                (
                  select json_agg(
                    json_object(
                      'month': left(t5.month::text, 7),
                      'total': t5.total::text,
                      'final': t5.final returning json
                    )
                    order by t5.month
                  )
                  from terrace.aum_figure t5
                  where t5.customer_id = t1.id
                  and t5.manager_id = $1::integer
                  and t5.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
                  and t5.month <= (select c.open_month from terrace.calendar c)
                ),
                '[]'::json
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
              'accounts': coalesce(
                (
                  select json_agg(
                    json_object(
                      'id': encode(
                        convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                        'base64'
                      ),
                      'number': t2.number,
                      'customer': (
                        select json_object('number': t3.number returning json)
                        from terrace.customer t3
                        where t3.id = t2.customer_id
                        and t3.branch_id = $1::integer
                      ),
                      'productClass': t2.product_class,
                      'currency': t2.currency,
                      'balance': t2.balance::text,
                      'balanceAsOf': t2.balance_as_of::text returning json
                    )
                    order by t2.number
                  )
                  from terrace.account t2
                  where t2.customer_id = t1.id
                  and t2.branch_id = $1::integer
                ),
                '[]'::json
              ),
              'aum': (
                select json_object('total': t4.total::text returning json)
                from terrace.aum_figure t4
                where t4.customer_id = t1.id
                and t4.branch_id = $1::integer
                and t4.month = (select c.open_month from terrace.calendar c)
              ),
              'aumHistory': coalesce(
                (
                  select json_agg(
                    json_object(
                      'month': left(t5.month::text, 7),
                      'total': t5.total::text,
                      'final': t5.final returning json
                    )
                    order by t5.month
                  )
                  from terrace.aum_figure t5
                  where t5.customer_id = t1.id
                  and t5.branch_id = $1::integer
                  and t5.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
                  and t5.month <= (select c.open_month from terrace.calendar c)
                ),
                '[]'::json
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
              'accounts': coalesce(
                (
                  select json_agg(
                    json_object(
                      'id': encode(
                        convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                        'base64'
                      ),
                      'number': t2.number,
                      'customer': (
                        select json_object('number': t3.number returning json)
                        from terrace.customer t3
                        where t3.id = t2.customer_id
                      ),
                      'productClass': t2.product_class,
                      'currency': t2.currency,
                      'balance': t2.balance::text,
                      'balanceAsOf': t2.balance_as_of::text returning json
                    )
                    order by t2.number
                  )
                  from terrace.account t2
                  where t2.customer_id = t1.id
                ),
                '[]'::json
              ),
              'aum': (
                select json_object('total': t4.total::text returning json)
                from terrace.aum_figure t4
                where t4.customer_id = t1.id
                and t4.month = (select c.open_month from terrace.calendar c)
              ),
              'aumHistory': coalesce(
                (
                  select json_agg(
                    json_object(
                      'month': left(t5.month::text, 7),
                      'total': t5.total::text,
                      'final': t5.final returning json
                    )
                    order by t5.month
                  )
                  from terrace.aum_figure t5
                  where t5.customer_id = t1.id
                  and t5.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
                  and t5.month <= (select c.open_month from terrace.calendar c)
                ),
                '[]'::json
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

-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'manager': (
      select json_object(
        'customers': (
          select json_object(
            'nodes': coalesce(
              json_agg(
                json_object(
                  'number': t2.number,
                  'name': t2.name,
                  'standing': coalesce(
                    (
                      select json_object(
                        'status': t3.status,
                        'tier': (
                          select json_object('code': t4.code, 'name': t4.name returning json)
                          from terrace.tier t4
                          where t4.policy_version = t3.policy_version
                          and t4.code = t3.tier
                        ) returning json
                      )
                      from terrace.standing_in_force t3
                      where t3.customer_id = t2.id
                      and t3.customer_id = $1::integer
                      order by t3.month desc
                      limit 1
                    ),
                    json_object('status': 'NON_MEMBER', 'tier': null::text returning json)
                  ),
                  'accounts': coalesce(
                    (
                      select json_agg(
                        json_object(
                          'number': t5.number,
                          'productClass': t5.product_class,
                          'balance': t5.balance::text returning json
                        )
                        order by t5.number
                      )
                      from terrace.account t5
                      where t5.customer_id = t2.id
                      and t5.customer_id = $1::integer
                    ),
                    '[]'::json
                  ) returning json
                )
                order by t2.place
              ) filter (where t2.place <= $3::integer),
              '[]'::json
            ),
            'pageInfo': json_object(
              'hasNextPage': count(*) > $3::integer returning json
            ) returning json
          )
          from (
            select t2.*,
            row_number() over (order by t2.number) as place
            from (
              select t2.*
              from terrace.customer t2
              where t2.manager_id = t1.id
              and t2.id = $1::integer
              order by t2.number
              limit $3::integer + 1
            ) t2
          ) t2
          having true
        ) returning json
      )
      from terrace.manager t1
      where t1.id = (select own.manager_id from terrace.customer own where own.id = $1::integer)
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
    'manager': (
      select json_object(
        'customers': (
          select json_object(
            'nodes': coalesce(
              json_agg(
                json_object(
                  'number': t2.number,
                  'name': t2.name,
                  'standing': coalesce(
                    (
                      select json_object(
                        'status': t3.status,
                        'tier': (
                          select json_object('code': t4.code, 'name': t4.name returning json)
                          from terrace.tier t4
                          where t4.policy_version = t3.policy_version
                          and t4.code = t3.tier
                        ) returning json
                      )
                      from terrace.standing_in_force t3
                      where t3.customer_id = t2.id
                      and t3.manager_id = $1::integer
                      order by t3.month desc
                      limit 1
                    ),
                    json_object('status': 'NON_MEMBER', 'tier': null::text returning json)
                  ),
                  'accounts': coalesce(
                    (
                      select json_agg(
                        json_object(
                          'number': t5.number,
                          'productClass': t5.product_class,
                          'balance': t5.balance::text returning json
                        )
                        order by t5.number
                      )
                      from terrace.account t5
                      where t5.customer_id = t2.id
                      and t5.manager_id = $1::integer
                    ),
                    '[]'::json
                  ) returning json
                )
                order by t2.place
              ) filter (where t2.place <= $3::integer),
              '[]'::json
            ),
            'pageInfo': json_object(
              'hasNextPage': count(*) > $3::integer returning json
            ) returning json
          )
          from (
            select t2.*,
            row_number() over (order by t2.number) as place
            from (
              select t2.*
              from terrace.customer t2
              where t2.manager_id = t1.id
              and t2.manager_id = $1::integer
              order by t2.number
              limit $3::integer + 1
            ) t2
          ) t2
          having true
        ) returning json
      )
      from terrace.manager t1
      where t1.id = $1::integer
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
    'manager': (
      select json_object(
        'customers': (
          select json_object(
            'nodes': coalesce(
              json_agg(
                json_object(
                  'number': t2.number,
                  'name': t2.name,
                  'standing': coalesce(
                    (
                      select json_object(
                        'status': t3.status,
                        'tier': (
                          select json_object('code': t4.code, 'name': t4.name returning json)
                          from terrace.tier t4
                          where t4.policy_version = t3.policy_version
                          and t4.code = t3.tier
                        ) returning json
                      )
                      from terrace.standing_in_force t3
                      where t3.customer_id = t2.id
                      and t3.branch_id = $1::integer
                      order by t3.month desc
                      limit 1
                    ),
                    json_object('status': 'NON_MEMBER', 'tier': null::text returning json)
                  ),
                  'accounts': coalesce(
                    (
                      select json_agg(
                        json_object(
                          'number': t5.number,
                          'productClass': t5.product_class,
                          'balance': t5.balance::text returning json
                        )
                        order by t5.number
                      )
                      from terrace.account t5
                      where t5.customer_id = t2.id
                      and t5.branch_id = $1::integer
                    ),
                    '[]'::json
                  ) returning json
                )
                order by t2.place
              ) filter (where t2.place <= $3::integer),
              '[]'::json
            ),
            'pageInfo': json_object(
              'hasNextPage': count(*) > $3::integer returning json
            ) returning json
          )
          from (
            select t2.*,
            row_number() over (order by t2.number) as place
            from (
              select t2.*
              from terrace.customer t2
              where t2.manager_id = t1.id
              and t2.branch_id = $1::integer
              order by t2.number
              limit $3::integer + 1
            ) t2
          ) t2
          having true
        ) returning json
      )
      from terrace.manager t1
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
    'manager': (
      select json_object(
        'customers': (
          select json_object(
            'nodes': coalesce(
              json_agg(
                json_object(
                  'number': t2.number,
                  'name': t2.name,
                  'standing': coalesce(
                    (
                      select json_object(
                        'status': t3.status,
                        'tier': (
                          select json_object('code': t4.code, 'name': t4.name returning json)
                          from terrace.tier t4
                          where t4.policy_version = t3.policy_version
                          and t4.code = t3.tier
                        ) returning json
                      )
                      from terrace.standing_in_force t3
                      where t3.customer_id = t2.id
                      order by t3.month desc
                      limit 1
                    ),
                    json_object('status': 'NON_MEMBER', 'tier': null::text returning json)
                  ),
                  'accounts': coalesce(
                    (
                      select json_agg(
                        json_object(
                          'number': t5.number,
                          'productClass': t5.product_class,
                          'balance': t5.balance::text returning json
                        )
                        order by t5.number
                      )
                      from terrace.account t5
                      where t5.customer_id = t2.id
                    ),
                    '[]'::json
                  ) returning json
                )
                order by t2.place
              ) filter (where t2.place <= $3::integer),
              '[]'::json
            ),
            'pageInfo': json_object(
              'hasNextPage': count(*) > $3::integer returning json
            ) returning json
          )
          from (
            select t2.*,
            row_number() over (order by t2.number) as place
            from (
              select t2.*
              from terrace.customer t2
              where t2.manager_id = t1.id
              order by t2.number
              limit $3::integer + 1
            ) t2
          ) t2
          having true
        ) returning json
      )
      from terrace.manager t1
      where t1.number = $2::text
    ) returning json
  )
)::text
end;

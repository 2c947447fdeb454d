-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  coalesce(
    (
      select json_agg(
        json_build_array(
          t1.position,
          json_object(
            'cursor': encode(convert_to('tier_change:' || t1.position, 'UTF8'), 'base64'),
            'change': json_object(
              'id': encode(
                convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ),
              'kind': t1.kind,
              'customer': (
                select json_object(
                  'number': t2.number,
                  'accounts': coalesce(
                    (
                      select json_agg(
                        json_object('number': t3.number returning json)
                        order by t3.number
                      )
                      from terrace.account t3
                      where t3.customer_id = t2.id
                      and t3.customer_id = $1::integer
                    ),
                    '[]'::json
                  ) returning json
                )
                from terrace.customer t2
                where t2.id = t1.customer_id
                and t2.id = $1::integer
              ),
              'toTier': (
                select json_object('code': t4.code returning json)
                from terrace.tier t4
                where t4.policy_version = t1.policy_version
                and t4.code = t1.to_tier
              ) returning json
            ) returning json
          )
        )
        order by t1.position
      )
      from (
        select t1.*
        from terrace.tier_change t1
        where t1.customer_id = $1::integer
        and ((t1.to_status = $2::text))
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    '[]'::json
  )
)::text
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  coalesce(
    (
      select json_agg(
        json_build_array(
          t1.position,
          json_object(
            'cursor': encode(convert_to('tier_change:' || t1.position, 'UTF8'), 'base64'),
            'change': json_object(
              'id': encode(
                convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ),
              'kind': t1.kind,
              'customer': (
                select json_object(
                  'number': t2.number,
                  'accounts': coalesce(
                    (
                      select json_agg(
                        json_object('number': t3.number returning json)
                        order by t3.number
                      )
                      from terrace.account t3
                      where t3.customer_id = t2.id
                      and t3.manager_id = $1::integer
                    ),
                    '[]'::json
                  ) returning json
                )
                from terrace.customer t2
                where t2.id = t1.customer_id
                and t2.manager_id = $1::integer
              ),
              'toTier': (
                select json_object('code': t4.code returning json)
                from terrace.tier t4
                where t4.policy_version = t1.policy_version
                and t4.code = t1.to_tier
              ) returning json
            ) returning json
          )
        )
        order by t1.position
      )
      from (
        select t1.*
        from terrace.tier_change t1
        where t1.manager_id = $1::integer
        and ((t1.to_status = $2::text))
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    '[]'::json
  )
)::text
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  coalesce(
    (
      select json_agg(
        json_build_array(
          t1.position,
          json_object(
            'cursor': encode(convert_to('tier_change:' || t1.position, 'UTF8'), 'base64'),
            'change': json_object(
              'id': encode(
                convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ),
              'kind': t1.kind,
              'customer': (
                select json_object(
                  'number': t2.number,
                  'accounts': coalesce(
                    (
                      select json_agg(
                        json_object('number': t3.number returning json)
                        order by t3.number
                      )
                      from terrace.account t3
                      where t3.customer_id = t2.id
                      and t3.branch_id = $1::integer
                    ),
                    '[]'::json
                  ) returning json
                )
                from terrace.customer t2
                where t2.id = t1.customer_id
                and t2.branch_id = $1::integer
              ),
              'toTier': (
                select json_object('code': t4.code returning json)
                from terrace.tier t4
                where t4.policy_version = t1.policy_version
                and t4.code = t1.to_tier
              ) returning json
            ) returning json
          )
        )
        order by t1.position
      )
      from (
        select t1.*
        from terrace.tier_change t1
        where t1.branch_id = $1::integer
        and ((t1.to_status = $2::text))
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    '[]'::json
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  coalesce(
    (
      select json_agg(
        json_build_array(
          t1.position,
          json_object(
            'cursor': encode(convert_to('tier_change:' || t1.position, 'UTF8'), 'base64'),
            'change': json_object(
              'id': encode(
                convert_to('TierChange:' || t1.customer_id || '.' || t1.id, 'UTF8'),
                'base64'
              ),
              'kind': t1.kind,
              'customer': (
                select json_object(
                  'number': t2.number,
                  'accounts': coalesce(
                    (
                      select json_agg(
                        json_object('number': t3.number returning json)
                        order by t3.number
                      )
                      from terrace.account t3
                      where t3.customer_id = t2.id
                    ),
                    '[]'::json
                  ) returning json
                )
                from terrace.customer t2
                where t2.id = t1.customer_id
              ),
              'toTier': (
                select json_object('code': t4.code returning json)
                from terrace.tier t4
                where t4.policy_version = t1.policy_version
                and t4.code = t1.to_tier
              ) returning json
            ) returning json
          )
        )
        order by t1.position
      )
      from (
        select t1.*
        from terrace.tier_change t1
        where ((t1.to_status = $2::text))
        and t1.position > $3::bigint
        order by t1.position
        limit 100
      ) t1
    ),
    '[]'::json
  )
)::text
end;

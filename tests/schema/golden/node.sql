-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'node': (
      select
      case t1.kind
      when 'Account' then (
        select json_object(
          'id': encode(
            convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.account t2
        where t2.customer_id = t1.k1
        and t2.id = t1.k2
        and t2.customer_id = $1::integer
      )
      when 'Branch' then (
        select json_object(
          'id': encode(convert_to('Branch:' || t3.id, 'UTF8'), 'base64') returning json
        )
        from terrace.branch t3
        where t3.id =
        case
        when t1.k2 is null then t1.k1
        end
      )
      when 'Customer' then (
        select json_object(
          'id': encode(convert_to('Customer:' || t4.id, 'UTF8'), 'base64'),
          'number': t4.number,
          'accounts': coalesce(
            (
              select json_agg(
                json_object('number': t5.number returning json)
                order by t5.number
              )
              from terrace.account t5
              where t5.customer_id = t4.id
              and t5.customer_id = $1::integer
            ),
            '[]'::json
          ),
          'standing': coalesce(
            (
              select json_object('status': t6.status returning json)
              from terrace.standing_in_force t6
              where t6.customer_id = t4.id
              and t6.customer_id = $1::integer
              order by t6.month desc
              limit 1
            ),
            json_object('status': 'NON_MEMBER' returning json)
          ) returning json
        )
        from terrace.customer t4
        where t4.id =
        case
        when t1.k2 is null then t1.k1
        end
        and t4.id = $1::integer
      )
      when 'Manager' then (
        select json_object(
          'id': encode(convert_to('Manager:' || t7.id, 'UTF8'), 'base64') returning json
        )
        from terrace.manager t7
        where t7.id =
        case
        when t1.k2 is null then t1.k1
        end
        and t7.id = (select own.manager_id from terrace.customer own where own.id = $1::integer)
      )
      when 'RiskSignal' then (
        select json_object(
          'id': encode(
            convert_to('RiskSignal:' || t8.customer_id || '.' || t8.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.risk_signal t8
        where t8.customer_id = t1.k1
        and t8.id = t1.k2
        and false
      )
      when 'TierChange' then (
        select json_object(
          'id': encode(
            convert_to('TierChange:' || t9.customer_id || '.' || t9.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.tier_change t9
        where t9.customer_id = t1.k1
        and t9.id = t1.k2
        and t9.customer_id = $1::integer
        and t9.position is not null
      )
      when 'TierPolicy' then (
        select json_object(
          'id': encode(
            convert_to('TierPolicy:' || t10.version, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.tier_policy t10
        where t10.version =
        case
        when t1.k2 is null then t1.k1
        end
      )
      end
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
      limit 1
    ) returning json
  )
)::text
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'node': (
      select
      case t1.kind
      when 'Account' then (
        select json_object(
          'id': encode(
            convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.account t2
        where t2.customer_id = t1.k1
        and t2.id = t1.k2
        and t2.manager_id = $1::integer
      )
      when 'Branch' then (
        select json_object(
          'id': encode(convert_to('Branch:' || t3.id, 'UTF8'), 'base64') returning json
        )
        from terrace.branch t3
        where t3.id =
        case
        when t1.k2 is null then t1.k1
        end
      )
      when 'Customer' then (
        select json_object(
          'id': encode(convert_to('Customer:' || t4.id, 'UTF8'), 'base64'),
          'number': t4.number,
          'accounts': coalesce(
            (
              select json_agg(
                json_object('number': t5.number returning json)
                order by t5.number
              )
              from terrace.account t5
              where t5.customer_id = t4.id
              and t5.manager_id = $1::integer
            ),
            '[]'::json
          ),
          'standing': coalesce(
            (
              select json_object('status': t6.status returning json)
              from terrace.standing_in_force t6
              where t6.customer_id = t4.id
              and t6.manager_id = $1::integer
              order by t6.month desc
              limit 1
            ),
            json_object('status': 'NON_MEMBER' returning json)
          ) returning json
        )
        from terrace.customer t4
        where t4.id =
        case
        when t1.k2 is null then t1.k1
        end
        and t4.manager_id = $1::integer
      )
      when 'Manager' then (
        select json_object(
          'id': encode(convert_to('Manager:' || t7.id, 'UTF8'), 'base64') returning json
        )
        from terrace.manager t7
        where t7.id =
        case
        when t1.k2 is null then t1.k1
        end
        and t7.id = $1::integer
      )
      when 'RiskSignal' then (
        select json_object(
          'id': encode(
            convert_to('RiskSignal:' || t8.customer_id || '.' || t8.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.risk_signal t8
        where t8.customer_id = t1.k1
        and t8.id = t1.k2
        and t8.manager_id = $1::integer
      )
      when 'TierChange' then (
        select json_object(
          'id': encode(
            convert_to('TierChange:' || t9.customer_id || '.' || t9.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.tier_change t9
        where t9.customer_id = t1.k1
        and t9.id = t1.k2
        and t9.manager_id = $1::integer
        and t9.position is not null
      )
      when 'TierPolicy' then (
        select json_object(
          'id': encode(
            convert_to('TierPolicy:' || t10.version, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.tier_policy t10
        where t10.version =
        case
        when t1.k2 is null then t1.k1
        end
      )
      end
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
      limit 1
    ) returning json
  )
)::text
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'node': (
      select
      case t1.kind
      when 'Account' then (
        select json_object(
          'id': encode(
            convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.account t2
        where t2.customer_id = t1.k1
        and t2.id = t1.k2
        and t2.branch_id = $1::integer
      )
      when 'Branch' then (
        select json_object(
          'id': encode(convert_to('Branch:' || t3.id, 'UTF8'), 'base64') returning json
        )
        from terrace.branch t3
        where t3.id =
        case
        when t1.k2 is null then t1.k1
        end
      )
      when 'Customer' then (
        select json_object(
          'id': encode(convert_to('Customer:' || t4.id, 'UTF8'), 'base64'),
          'number': t4.number,
          'accounts': coalesce(
            (
              select json_agg(
                json_object('number': t5.number returning json)
                order by t5.number
              )
              from terrace.account t5
              where t5.customer_id = t4.id
              and t5.branch_id = $1::integer
            ),
            '[]'::json
          ),
          'standing': coalesce(
            (
              select json_object('status': t6.status returning json)
              from terrace.standing_in_force t6
              where t6.customer_id = t4.id
              and t6.branch_id = $1::integer
              order by t6.month desc
              limit 1
            ),
            json_object('status': 'NON_MEMBER' returning json)
          ) returning json
        )
        from terrace.customer t4
        where t4.id =
        case
        when t1.k2 is null then t1.k1
        end
        and t4.branch_id = $1::integer
      )
      when 'Manager' then (
        select json_object(
          'id': encode(convert_to('Manager:' || t7.id, 'UTF8'), 'base64') returning json
        )
        from terrace.manager t7
        where t7.id =
        case
        when t1.k2 is null then t1.k1
        end
        and t7.branch_id = $1::integer
      )
      when 'RiskSignal' then (
        select json_object(
          'id': encode(
            convert_to('RiskSignal:' || t8.customer_id || '.' || t8.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.risk_signal t8
        where t8.customer_id = t1.k1
        and t8.id = t1.k2
        and t8.branch_id = $1::integer
      )
      when 'TierChange' then (
        select json_object(
          'id': encode(
            convert_to('TierChange:' || t9.customer_id || '.' || t9.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.tier_change t9
        where t9.customer_id = t1.k1
        and t9.id = t1.k2
        and t9.branch_id = $1::integer
        and t9.position is not null
      )
      when 'TierPolicy' then (
        select json_object(
          'id': encode(
            convert_to('TierPolicy:' || t10.version, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.tier_policy t10
        where t10.version =
        case
        when t1.k2 is null then t1.k1
        end
      )
      end
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
      limit 1
    ) returning json
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'node': (
      select
      case t1.kind
      when 'Account' then (
        select json_object(
          'id': encode(
            convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.account t2
        where t2.customer_id = t1.k1
        and t2.id = t1.k2
      )
      when 'Branch' then (
        select json_object(
          'id': encode(convert_to('Branch:' || t3.id, 'UTF8'), 'base64') returning json
        )
        from terrace.branch t3
        where t3.id =
        case
        when t1.k2 is null then t1.k1
        end
      )
      when 'Customer' then (
        select json_object(
          'id': encode(convert_to('Customer:' || t4.id, 'UTF8'), 'base64'),
          'number': t4.number,
          'accounts': coalesce(
            (
              select json_agg(
                json_object('number': t5.number returning json)
                order by t5.number
              )
              from terrace.account t5
              where t5.customer_id = t4.id
            ),
            '[]'::json
          ),
          'standing': coalesce(
            (
              select json_object('status': t6.status returning json)
              from terrace.standing_in_force t6
              where t6.customer_id = t4.id
              order by t6.month desc
              limit 1
            ),
            json_object('status': 'NON_MEMBER' returning json)
          ) returning json
        )
        from terrace.customer t4
        where t4.id =
        case
        when t1.k2 is null then t1.k1
        end
      )
      when 'Manager' then (
        select json_object(
          'id': encode(convert_to('Manager:' || t7.id, 'UTF8'), 'base64') returning json
        )
        from terrace.manager t7
        where t7.id =
        case
        when t1.k2 is null then t1.k1
        end
      )
      when 'RiskSignal' then (
        select json_object(
          'id': encode(
            convert_to('RiskSignal:' || t8.customer_id || '.' || t8.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.risk_signal t8
        where t8.customer_id = t1.k1
        and t8.id = t1.k2
      )
      when 'TierChange' then (
        select json_object(
          'id': encode(
            convert_to('TierChange:' || t9.customer_id || '.' || t9.id, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.tier_change t9
        where t9.customer_id = t1.k1
        and t9.id = t1.k2
        and t9.position is not null
      )
      when 'TierPolicy' then (
        select json_object(
          'id': encode(
            convert_to('TierPolicy:' || t10.version, 'UTF8'),
            'base64'
          ) returning json
        )
        from terrace.tier_policy t10
        where t10.version =
        case
        when t1.k2 is null then t1.k1
        end
      )
      end
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
      limit 1
    ) returning json
  )
)::text
end;

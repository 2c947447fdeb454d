-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"node":' || coalesce(
    (
      select
      case t1.kind
      when 'Account' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.account t2
          where t2.customer_id = t1.k1
          and t2.id = t1.k2
          and t2.customer_id = $1::integer
        ),
        'null'
      )
      when 'Branch' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Branch:' || t3.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.branch t3
          where t3.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Customer' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t4.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t4.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      ('{"number":' || to_json(t5.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t5.number
                  )
                  from terrace.account t5
                  where t5.customer_id = t4.id
                  and t5.customer_id = $1::integer
                ),
                ''
              ) || '],"standing":' || coalesce(
                (
                  select coalesce(('{"status":"' || t6.status || '"}'), '{" fault":"missing"}')
                  from terrace.standing_in_force t6
                  where t6.customer_id = t4.id
                  and t6.customer_id = $1::integer
                  order by t6.month desc
                  limit 1
                ),
                '{"status":"NON_MEMBER"}'
              ) || '}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.customer t4
          where t4.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t4.id = $1::integer
        ),
        'null'
      )
      when 'Manager' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Manager:' || t7.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.manager t7
          where t7.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t7.id = (
            select own.manager_id
            from terrace.customer own
            where own.id = $1::integer
          )
        ),
        'null'
      )
      when 'RiskSignal' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t8.customer_id || '.' || t8.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.risk_signal t8
          where t8.customer_id = t1.k1
          and t8.id = t1.k2
          and false
        ),
        'null'
      )
      when 'TierChange' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t9.customer_id || '.' || t9.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_change t9
          where t9.customer_id = t1.k1
          and t9.id = t1.k2
          and t9.customer_id = $1::integer
          and t9.position is not null
        ),
        'null'
      )
      when 'TierPolicy' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicy:' || t10.version, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_policy t10
          where t10.version =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'TierPolicyPreview' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicyPreview:' || t11.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.policy_preview t11
          where t11.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      else 'null'
      end
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
      limit 1
    ),
    'null'
  ) || '}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"node":' || coalesce(
    (
      select
      case t1.kind
      when 'Account' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.account t2
          where t2.customer_id = t1.k1
          and t2.id = t1.k2
          and t2.manager_id = $1::integer
        ),
        'null'
      )
      when 'Branch' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Branch:' || t3.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.branch t3
          where t3.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Customer' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t4.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t4.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      ('{"number":' || to_json(t5.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t5.number
                  )
                  from terrace.account t5
                  where t5.customer_id = t4.id
                  and t5.manager_id = $1::integer
                ),
                ''
              ) || '],"standing":' || coalesce(
                (
                  select coalesce(('{"status":"' || t6.status || '"}'), '{" fault":"missing"}')
                  from terrace.standing_in_force t6
                  where t6.customer_id = t4.id
                  and t6.manager_id = $1::integer
                  order by t6.month desc
                  limit 1
                ),
                '{"status":"NON_MEMBER"}'
              ) || '}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.customer t4
          where t4.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t4.manager_id = $1::integer
        ),
        'null'
      )
      when 'Manager' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Manager:' || t7.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.manager t7
          where t7.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t7.id = $1::integer
        ),
        'null'
      )
      when 'RiskSignal' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t8.customer_id || '.' || t8.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.risk_signal t8
          where t8.customer_id = t1.k1
          and t8.id = t1.k2
          and t8.manager_id = $1::integer
        ),
        'null'
      )
      when 'TierChange' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t9.customer_id || '.' || t9.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_change t9
          where t9.customer_id = t1.k1
          and t9.id = t1.k2
          and t9.manager_id = $1::integer
          and t9.position is not null
        ),
        'null'
      )
      when 'TierPolicy' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicy:' || t10.version, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_policy t10
          where t10.version =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'TierPolicyPreview' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicyPreview:' || t11.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.policy_preview t11
          where t11.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      else 'null'
      end
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
      limit 1
    ),
    'null'
  ) || '}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"node":' || coalesce(
    (
      select
      case t1.kind
      when 'Account' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.account t2
          where t2.customer_id = t1.k1
          and t2.id = t1.k2
          and t2.branch_id = $1::integer
        ),
        'null'
      )
      when 'Branch' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Branch:' || t3.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.branch t3
          where t3.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Customer' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t4.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t4.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      ('{"number":' || to_json(t5.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t5.number
                  )
                  from terrace.account t5
                  where t5.customer_id = t4.id
                  and t5.branch_id = $1::integer
                ),
                ''
              ) || '],"standing":' || coalesce(
                (
                  select coalesce(('{"status":"' || t6.status || '"}'), '{" fault":"missing"}')
                  from terrace.standing_in_force t6
                  where t6.customer_id = t4.id
                  and t6.branch_id = $1::integer
                  order by t6.month desc
                  limit 1
                ),
                '{"status":"NON_MEMBER"}'
              ) || '}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.customer t4
          where t4.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t4.branch_id = $1::integer
        ),
        'null'
      )
      when 'Manager' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Manager:' || t7.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.manager t7
          where t7.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t7.branch_id = $1::integer
        ),
        'null'
      )
      when 'RiskSignal' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t8.customer_id || '.' || t8.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.risk_signal t8
          where t8.customer_id = t1.k1
          and t8.id = t1.k2
          and t8.branch_id = $1::integer
        ),
        'null'
      )
      when 'TierChange' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t9.customer_id || '.' || t9.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_change t9
          where t9.customer_id = t1.k1
          and t9.id = t1.k2
          and t9.branch_id = $1::integer
          and t9.position is not null
        ),
        'null'
      )
      when 'TierPolicy' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicy:' || t10.version, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_policy t10
          where t10.version =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'TierPolicyPreview' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicyPreview:' || t11.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.policy_preview t11
          where t11.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      else 'null'
      end
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
      limit 1
    ),
    'null'
  ) || '}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"node":' || coalesce(
    (
      select
      case t1.kind
      when 'Account' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.account t2
          where t2.customer_id = t1.k1
          and t2.id = t1.k2
        ),
        'null'
      )
      when 'Branch' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Branch:' || t3.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.branch t3
          where t3.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Customer' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t4.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t4.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      ('{"number":' || to_json(t5.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t5.number
                  )
                  from terrace.account t5
                  where t5.customer_id = t4.id
                ),
                ''
              ) || '],"standing":' || coalesce(
                (
                  select coalesce(('{"status":"' || t6.status || '"}'), '{" fault":"missing"}')
                  from terrace.standing_in_force t6
                  where t6.customer_id = t4.id
                  order by t6.month desc
                  limit 1
                ),
                '{"status":"NON_MEMBER"}'
              ) || '}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.customer t4
          where t4.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Manager' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Manager:' || t7.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.manager t7
          where t7.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'RiskSignal' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t8.customer_id || '.' || t8.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.risk_signal t8
          where t8.customer_id = t1.k1
          and t8.id = t1.k2
        ),
        'null'
      )
      when 'TierChange' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t9.customer_id || '.' || t9.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_change t9
          where t9.customer_id = t1.k1
          and t9.id = t1.k2
          and t9.position is not null
        ),
        'null'
      )
      when 'TierPolicy' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicy:' || t10.version, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_policy t10
          where t10.version =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'TierPolicyPreview' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicyPreview:' || t11.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.policy_preview t11
          where t11.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      else 'null'
      end
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
      limit 1
    ),
    'null'
  ) || '}'
)
end;

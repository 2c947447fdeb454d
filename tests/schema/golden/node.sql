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
      when 'ApiKey' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('ApiKey:' || t3.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.api_key t3
          where t3.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'Approval' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Approval:' || t4.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.approval t4
          where t4.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'AuditEntry' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('AuditEntry:' || t5.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.audit t5
          where t5.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'Branch' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Branch:' || t6.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.branch t6
          where t6.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Correction' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.correction t7
          where t7.customer_id = t1.k1
          and t7.id = t1.k2
          and false
        ),
        'null'
      )
      when 'Customer' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t8.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t8.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      ('{"number":' || to_json(t9.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t9.number
                  )
                  from terrace.account t9
                  where t9.customer_id = t8.id
                  and t9.customer_id = $1::integer
                ),
                ''
              ) || '],"standing":' || coalesce(
                (
                  select coalesce(('{"status":"' || t10.status || '"}'), '{" fault":"missing"}')
                  from terrace.standing_in_force t10
                  where t10.customer_id = t8.id
                  and t10.customer_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                '{"status":"NON_MEMBER"}'
              ) || '}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.customer t8
          where t8.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t8.id = $1::integer
        ),
        'null'
      )
      when 'Manager' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Manager:' || t11.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.manager t11
          where t11.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t11.id = (
            select own.manager_id
            from terrace.customer own
            where own.id = $1::integer
          )
        ),
        'null'
      )
      when 'Revocation' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(convert_to('Revocation:' || t12.id, 'UTF8'), 'base64') || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.revocation t12
          where t12.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'RiskSignal' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t13.customer_id || '.' || t13.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.risk_signal t13
          where t13.customer_id = t1.k1
          and t13.id = t1.k2
          and false
        ),
        'null'
      )
      when 'TierChange' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t14.customer_id || '.' || t14.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_change t14
          where t14.customer_id = t1.k1
          and t14.id = t1.k2
          and t14.customer_id = $1::integer
          and t14.position is not null
        ),
        'null'
      )
      when 'TierPolicy' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicy:' || t15.version, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_policy t15
          where t15.version =
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
                convert_to('TierPolicyPreview:' || t16.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.policy_preview t16
          where t16.id =
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
      when 'ApiKey' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('ApiKey:' || t3.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.api_key t3
          where t3.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'Approval' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Approval:' || t4.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.approval t4
          where t4.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t4.manager_id = $1::integer
        ),
        'null'
      )
      when 'AuditEntry' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('AuditEntry:' || t5.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.audit t5
          where t5.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'Branch' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Branch:' || t6.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.branch t6
          where t6.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Correction' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.correction t7
          where t7.customer_id = t1.k1
          and t7.id = t1.k2
          and t7.manager_id = $1::integer
        ),
        'null'
      )
      when 'Customer' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t8.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t8.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      ('{"number":' || to_json(t9.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t9.number
                  )
                  from terrace.account t9
                  where t9.customer_id = t8.id
                  and t9.manager_id = $1::integer
                ),
                ''
              ) || '],"standing":' || coalesce(
                (
                  select coalesce(('{"status":"' || t10.status || '"}'), '{" fault":"missing"}')
                  from terrace.standing_in_force t10
                  where t10.customer_id = t8.id
                  and t10.manager_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                '{"status":"NON_MEMBER"}'
              ) || '}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.customer t8
          where t8.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t8.manager_id = $1::integer
        ),
        'null'
      )
      when 'Manager' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Manager:' || t11.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.manager t11
          where t11.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t11.id = $1::integer
        ),
        'null'
      )
      when 'Revocation' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(convert_to('Revocation:' || t12.id, 'UTF8'), 'base64') || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.revocation t12
          where t12.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'RiskSignal' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t13.customer_id || '.' || t13.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.risk_signal t13
          where t13.customer_id = t1.k1
          and t13.id = t1.k2
          and t13.manager_id = $1::integer
        ),
        'null'
      )
      when 'TierChange' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t14.customer_id || '.' || t14.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_change t14
          where t14.customer_id = t1.k1
          and t14.id = t1.k2
          and t14.manager_id = $1::integer
          and t14.position is not null
        ),
        'null'
      )
      when 'TierPolicy' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicy:' || t15.version, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_policy t15
          where t15.version =
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
                convert_to('TierPolicyPreview:' || t16.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.policy_preview t16
          where t16.id =
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
      when 'ApiKey' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('ApiKey:' || t3.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.api_key t3
          where t3.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'Approval' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Approval:' || t4.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.approval t4
          where t4.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t4.branch_id = $1::integer
        ),
        'null'
      )
      when 'AuditEntry' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('AuditEntry:' || t5.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.audit t5
          where t5.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'Branch' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Branch:' || t6.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.branch t6
          where t6.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Correction' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.correction t7
          where t7.customer_id = t1.k1
          and t7.id = t1.k2
          and t7.branch_id = $1::integer
        ),
        'null'
      )
      when 'Customer' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t8.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t8.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      ('{"number":' || to_json(t9.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t9.number
                  )
                  from terrace.account t9
                  where t9.customer_id = t8.id
                  and t9.branch_id = $1::integer
                ),
                ''
              ) || '],"standing":' || coalesce(
                (
                  select coalesce(('{"status":"' || t10.status || '"}'), '{" fault":"missing"}')
                  from terrace.standing_in_force t10
                  where t10.customer_id = t8.id
                  and t10.branch_id = $1::integer
                  order by t10.month desc
                  limit 1
                ),
                '{"status":"NON_MEMBER"}'
              ) || '}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.customer t8
          where t8.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t8.branch_id = $1::integer
        ),
        'null'
      )
      when 'Manager' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Manager:' || t11.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.manager t11
          where t11.id =
          case
          when t1.k2 is null then t1.k1
          end
          and t11.branch_id = $1::integer
        ),
        'null'
      )
      when 'Revocation' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(convert_to('Revocation:' || t12.id, 'UTF8'), 'base64') || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.revocation t12
          where t12.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'RiskSignal' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t13.customer_id || '.' || t13.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.risk_signal t13
          where t13.customer_id = t1.k1
          and t13.id = t1.k2
          and t13.branch_id = $1::integer
        ),
        'null'
      )
      when 'TierChange' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t14.customer_id || '.' || t14.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_change t14
          where t14.customer_id = t1.k1
          and t14.id = t1.k2
          and t14.branch_id = $1::integer
          and t14.position is not null
        ),
        'null'
      )
      when 'TierPolicy' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicy:' || t15.version, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_policy t15
          where t15.version =
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
                convert_to('TierPolicyPreview:' || t16.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.policy_preview t16
          where t16.id =
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
      when 'ApiKey' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('ApiKey:' || t3.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.api_key t3
          where t3.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'Approval' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Approval:' || t4.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.approval t4
          where t4.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'AuditEntry' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('AuditEntry:' || t5.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.audit t5
          where t5.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'Branch' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Branch:' || t6.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.branch t6
          where t6.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Correction' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.correction t7
          where t7.customer_id = t1.k1
          and t7.id = t1.k2
        ),
        'null'
      )
      when 'Customer' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t8.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t8.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      ('{"number":' || to_json(t9.number)::text || '}'),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t9.number
                  )
                  from terrace.account t9
                  where t9.customer_id = t8.id
                ),
                ''
              ) || '],"standing":' || coalesce(
                (
                  select coalesce(('{"status":"' || t10.status || '"}'), '{" fault":"missing"}')
                  from terrace.standing_in_force t10
                  where t10.customer_id = t8.id
                  order by t10.month desc
                  limit 1
                ),
                '{"status":"NON_MEMBER"}'
              ) || '}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.customer t8
          where t8.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Manager' then coalesce(
        (
          select coalesce(
            ('{"id":"' || encode(convert_to('Manager:' || t11.id, 'UTF8'), 'base64') || '"}'),
            '{" fault":"missing"}'
          )
          from terrace.manager t11
          where t11.id =
          case
          when t1.k2 is null then t1.k1
          end
        ),
        'null'
      )
      when 'Revocation' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(convert_to('Revocation:' || t12.id, 'UTF8'), 'base64') || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.revocation t12
          where t12.id =
          case
          when t1.k2 is null then t1.k1
          end
          and false
        ),
        'null'
      )
      when 'RiskSignal' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('RiskSignal:' || t13.customer_id || '.' || t13.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.risk_signal t13
          where t13.customer_id = t1.k1
          and t13.id = t1.k2
        ),
        'null'
      )
      when 'TierChange' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierChange:' || t14.customer_id || '.' || t14.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_change t14
          where t14.customer_id = t1.k1
          and t14.id = t1.k2
          and t14.position is not null
        ),
        'null'
      )
      when 'TierPolicy' then coalesce(
        (
          select coalesce(
            (
              '{"id":"' || encode(
                convert_to('TierPolicy:' || t15.version, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.tier_policy t15
          where t15.version =
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
                convert_to('TierPolicyPreview:' || t16.id, 'UTF8'),
                'base64'
              ) || '"}'
            ),
            '{" fault":"missing"}'
          )
          from terrace.policy_preview t16
          where t16.id =
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

-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"nodes":[' || coalesce(
    (
      select string_agg(
        case t1.kind
        when 'Account' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"Account","id":"' || encode(
                  convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t2.number)::text || '}'
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
              (
                '{"__typename":"ApiKey","id":"' || encode(
                  convert_to('ApiKey:' || t3.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"Approval","id":"' || encode(
                  convert_to('Approval:' || t4.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"AuditEntry","id":"' || encode(
                  convert_to('AuditEntry:' || t5.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"Branch","id":"' || encode(
                  convert_to('Branch:' || t6.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
                '{"__typename":"Correction","id":"' || encode(
                  convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                  'base64'
                ) || '","state":"' || t7.state || '"}'
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
                '{"__typename":"Customer","id":"' || encode(
                  convert_to('Customer:' || t8.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t8.number)::text || '}'
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
              (
                '{"__typename":"Manager","id":"' || encode(
                  convert_to('Manager:' || t9.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t9.number)::text || '}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.manager t9
            where t9.id =
            case
            when t1.k2 is null then t1.k1
            end
            and t9.id = (
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
                '{"__typename":"Revocation","id":"' || encode(
                  convert_to('Revocation:' || t10.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.revocation t10
            where t10.id =
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
                '{"__typename":"RiskSignal","id":"' || encode(
                  convert_to('RiskSignal:' || t11.customer_id || '.' || t11.id, 'UTF8'),
                  'base64'
                ) || '","code":' || to_json(t11.code)::text || '}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.risk_signal t11
            where t11.customer_id = t1.k1
            and t11.id = t1.k2
            and false
          ),
          'null'
        )
        when 'TierChange' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"TierChange","id":"' || encode(
                  convert_to('TierChange:' || t12.customer_id || '.' || t12.id, 'UTF8'),
                  'base64'
                ) || '","kind":"' || t12.kind || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.tier_change t12
            where t12.customer_id = t1.k1
            and t12.id = t1.k2
            and t12.customer_id = $1::integer
            and t12.position is not null
          ),
          'null'
        )
        when 'TierPolicy' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"TierPolicy","id":"' || encode(
                  convert_to('TierPolicy:' || t13.version, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.tier_policy t13
            where t13.version =
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
                '{"__typename":"TierPolicyPreview","id":"' || encode(
                  convert_to('TierPolicyPreview:' || t14.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.policy_preview t14
            where t14.id =
            case
            when t1.k2 is null then t1.k1
            end
            and false
          ),
          'null'
        )
        else 'null'
        end,
        ','
        order by t1.place
      )
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
    ),
    ''
  ) || ']}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"nodes":[' || coalesce(
    (
      select string_agg(
        case t1.kind
        when 'Account' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"Account","id":"' || encode(
                  convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t2.number)::text || '}'
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
              (
                '{"__typename":"ApiKey","id":"' || encode(
                  convert_to('ApiKey:' || t3.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"Approval","id":"' || encode(
                  convert_to('Approval:' || t4.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"AuditEntry","id":"' || encode(
                  convert_to('AuditEntry:' || t5.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"Branch","id":"' || encode(
                  convert_to('Branch:' || t6.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
                '{"__typename":"Correction","id":"' || encode(
                  convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                  'base64'
                ) || '","state":"' || t7.state || '"}'
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
                '{"__typename":"Customer","id":"' || encode(
                  convert_to('Customer:' || t8.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t8.number)::text || '}'
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
              (
                '{"__typename":"Manager","id":"' || encode(
                  convert_to('Manager:' || t9.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t9.number)::text || '}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.manager t9
            where t9.id =
            case
            when t1.k2 is null then t1.k1
            end
            and t9.id = $1::integer
          ),
          'null'
        )
        when 'Revocation' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"Revocation","id":"' || encode(
                  convert_to('Revocation:' || t10.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.revocation t10
            where t10.id =
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
                '{"__typename":"RiskSignal","id":"' || encode(
                  convert_to('RiskSignal:' || t11.customer_id || '.' || t11.id, 'UTF8'),
                  'base64'
                ) || '","code":' || to_json(t11.code)::text || '}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.risk_signal t11
            where t11.customer_id = t1.k1
            and t11.id = t1.k2
            and t11.manager_id = $1::integer
          ),
          'null'
        )
        when 'TierChange' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"TierChange","id":"' || encode(
                  convert_to('TierChange:' || t12.customer_id || '.' || t12.id, 'UTF8'),
                  'base64'
                ) || '","kind":"' || t12.kind || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.tier_change t12
            where t12.customer_id = t1.k1
            and t12.id = t1.k2
            and t12.manager_id = $1::integer
            and t12.position is not null
          ),
          'null'
        )
        when 'TierPolicy' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"TierPolicy","id":"' || encode(
                  convert_to('TierPolicy:' || t13.version, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.tier_policy t13
            where t13.version =
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
                '{"__typename":"TierPolicyPreview","id":"' || encode(
                  convert_to('TierPolicyPreview:' || t14.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.policy_preview t14
            where t14.id =
            case
            when t1.k2 is null then t1.k1
            end
            and false
          ),
          'null'
        )
        else 'null'
        end,
        ','
        order by t1.place
      )
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
    ),
    ''
  ) || ']}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"nodes":[' || coalesce(
    (
      select string_agg(
        case t1.kind
        when 'Account' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"Account","id":"' || encode(
                  convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t2.number)::text || '}'
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
              (
                '{"__typename":"ApiKey","id":"' || encode(
                  convert_to('ApiKey:' || t3.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"Approval","id":"' || encode(
                  convert_to('Approval:' || t4.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"AuditEntry","id":"' || encode(
                  convert_to('AuditEntry:' || t5.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"Branch","id":"' || encode(
                  convert_to('Branch:' || t6.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
                '{"__typename":"Correction","id":"' || encode(
                  convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                  'base64'
                ) || '","state":"' || t7.state || '"}'
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
                '{"__typename":"Customer","id":"' || encode(
                  convert_to('Customer:' || t8.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t8.number)::text || '}'
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
              (
                '{"__typename":"Manager","id":"' || encode(
                  convert_to('Manager:' || t9.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t9.number)::text || '}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.manager t9
            where t9.id =
            case
            when t1.k2 is null then t1.k1
            end
            and t9.branch_id = $1::integer
          ),
          'null'
        )
        when 'Revocation' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"Revocation","id":"' || encode(
                  convert_to('Revocation:' || t10.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.revocation t10
            where t10.id =
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
                '{"__typename":"RiskSignal","id":"' || encode(
                  convert_to('RiskSignal:' || t11.customer_id || '.' || t11.id, 'UTF8'),
                  'base64'
                ) || '","code":' || to_json(t11.code)::text || '}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.risk_signal t11
            where t11.customer_id = t1.k1
            and t11.id = t1.k2
            and t11.branch_id = $1::integer
          ),
          'null'
        )
        when 'TierChange' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"TierChange","id":"' || encode(
                  convert_to('TierChange:' || t12.customer_id || '.' || t12.id, 'UTF8'),
                  'base64'
                ) || '","kind":"' || t12.kind || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.tier_change t12
            where t12.customer_id = t1.k1
            and t12.id = t1.k2
            and t12.branch_id = $1::integer
            and t12.position is not null
          ),
          'null'
        )
        when 'TierPolicy' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"TierPolicy","id":"' || encode(
                  convert_to('TierPolicy:' || t13.version, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.tier_policy t13
            where t13.version =
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
                '{"__typename":"TierPolicyPreview","id":"' || encode(
                  convert_to('TierPolicyPreview:' || t14.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.policy_preview t14
            where t14.id =
            case
            when t1.k2 is null then t1.k1
            end
            and false
          ),
          'null'
        )
        else 'null'
        end,
        ','
        order by t1.place
      )
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
    ),
    ''
  ) || ']}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"nodes":[' || coalesce(
    (
      select string_agg(
        case t1.kind
        when 'Account' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"Account","id":"' || encode(
                  convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t2.number)::text || '}'
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
              (
                '{"__typename":"ApiKey","id":"' || encode(
                  convert_to('ApiKey:' || t3.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"Approval","id":"' || encode(
                  convert_to('Approval:' || t4.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"AuditEntry","id":"' || encode(
                  convert_to('AuditEntry:' || t5.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
              (
                '{"__typename":"Branch","id":"' || encode(
                  convert_to('Branch:' || t6.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
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
                '{"__typename":"Correction","id":"' || encode(
                  convert_to('Correction:' || t7.customer_id || '.' || t7.id, 'UTF8'),
                  'base64'
                ) || '","state":"' || t7.state || '"}'
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
                '{"__typename":"Customer","id":"' || encode(
                  convert_to('Customer:' || t8.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t8.number)::text || '}'
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
              (
                '{"__typename":"Manager","id":"' || encode(
                  convert_to('Manager:' || t9.id, 'UTF8'),
                  'base64'
                ) || '","number":' || to_json(t9.number)::text || '}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.manager t9
            where t9.id =
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
                '{"__typename":"Revocation","id":"' || encode(
                  convert_to('Revocation:' || t10.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.revocation t10
            where t10.id =
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
                '{"__typename":"RiskSignal","id":"' || encode(
                  convert_to('RiskSignal:' || t11.customer_id || '.' || t11.id, 'UTF8'),
                  'base64'
                ) || '","code":' || to_json(t11.code)::text || '}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.risk_signal t11
            where t11.customer_id = t1.k1
            and t11.id = t1.k2
          ),
          'null'
        )
        when 'TierChange' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"TierChange","id":"' || encode(
                  convert_to('TierChange:' || t12.customer_id || '.' || t12.id, 'UTF8'),
                  'base64'
                ) || '","kind":"' || t12.kind || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.tier_change t12
            where t12.customer_id = t1.k1
            and t12.id = t1.k2
            and t12.position is not null
          ),
          'null'
        )
        when 'TierPolicy' then coalesce(
          (
            select coalesce(
              (
                '{"__typename":"TierPolicy","id":"' || encode(
                  convert_to('TierPolicy:' || t13.version, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.tier_policy t13
            where t13.version =
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
                '{"__typename":"TierPolicyPreview","id":"' || encode(
                  convert_to('TierPolicyPreview:' || t14.id, 'UTF8'),
                  'base64'
                ) || '"}'
              ),
              '{" fault":"missing"}'
            )
            from terrace.policy_preview t14
            where t14.id =
            case
            when t1.k2 is null then t1.k1
            end
          ),
          'null'
        )
        else 'null'
        end,
        ','
        order by t1.place
      )
      from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality t1(kind, k1, k2, place)
    ),
    ''
  ) || ']}'
)
end;

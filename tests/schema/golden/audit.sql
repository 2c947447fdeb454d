-- customer, manager, branch, all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"auditEntries":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.audit t2
        where false
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('AuditEntry:' || t1.id, 'UTF8'),
                'base64'
              ) || '","recordedAt":"' || to_char(
                t1.recorded_at at time zone 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
              ) || '","businessDate":' || coalesce('"' || t1.business_date::text || '"', 'null') || ',"principal":' || to_json(t1.principal)::text || ',"role":"' || upper(t1.role) || '","channel":' || to_json(t1.channel)::text || ',"origin":' || coalesce(to_json(t1.origin)::text, 'null') || ',"action":' || to_json(t1.action)::text || ',"subject":' || to_json(t1.subject)::text || ',"before":' || coalesce((t1.before)::text, 'null') || ',"after":' || coalesce((t1.after)::text, 'null') || ',"reason":' || coalesce(to_json(t1.reason)::text, 'null') || ',"detail":' || (t1.detail)::text || ',"seal":' || coalesce(
                (
                  select coalesce(
                    (
                      '{"position":' || to_json(t3.position::text)::text || ',"hash":' || to_json(encode(t3.hash, 'hex'))::text || ',"sealedAt":"' || to_char(
                        t3.sealed_at at time zone 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                      ) || '"}'
                    ),
                    '{" fault":"missing"}'
                  )
                  from terrace.audit_seal t3
                  where t3.audit_id = t1.id
                  and false
                ),
                'null'
              ) || '}'
            ),
            '{" fault":"missing"}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $2::integer),
        ''
      ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $2::integer)::text || ',"endCursor":' || coalesce(
        (
          array_agg(
            (
              '"' || translate(
                encode(
                  convert_to(
                    json_build_array('d0d6e5', t1.recorded_at::text, t1.id::text)::text,
                    'UTF8'
                  ),
                  'base64'
                ),
                E'\n',
                ''
              ) || '"'
            )
            order by t1.place
          )
        )[least(count(*), $2::integer)],
        'null'
      ) || '}}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.recorded_at desc, t1.id desc) as place
      from (
        select t1.*
        from terrace.audit t1
        where false
        order by t1.recorded_at desc,
        t1.id desc
        limit $2::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customers":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.customer t2
        where t2.id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t1.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"kind":"' || t1.kind || '","status":"' || t1.status || '","phone":' || coalesce(to_json(t1.phone)::text, 'null') || ',"email":' || coalesce(to_json(t1.email)::text, 'null') || ',"idDocument":' || coalesce(to_json(t1.id_document)::text, 'null') || ',"birthDate":' || coalesce('"' || t1.birth_date::text || '"', 'null') || ',"address":' || coalesce(to_json(t1.address)::text, 'null') || ',"branch":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t3.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.branch t3
                  where t3.id = t1.branch_id
                ),
                'null'
              ) || ',"manager":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.assigned_manager_id
                  and t4.id = (
                    select own.manager_id
                    from terrace.customer own
                    where own.id = $1::integer
                  )
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
      ) || ']}'
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
  ) || '}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customers":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.customer t2
        where t2.manager_id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t1.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"kind":"' || t1.kind || '","status":"' || t1.status || '","phone":' || coalesce(
                to_json(terrace.mask_phone(t1.phone))::text,
                'null'
              ) || ',"email":' || coalesce(
                to_json(terrace.mask_email(t1.email))::text,
                'null'
              ) || ',"idDocument":' || coalesce(
                to_json(terrace.mask_document(t1.id_document))::text,
                'null'
              ) || ',"birthDate":' || coalesce('"' || null::text || '"', 'null') || ',"address":' || coalesce(
                to_json(terrace.mask_address(t1.address))::text,
                'null'
              ) || ',"branch":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t3.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.branch t3
                  where t3.id = t1.branch_id
                ),
                'null'
              ) || ',"manager":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.assigned_manager_id
                  and t4.id = $1::integer
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
      ) || ']}'
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
  ) || '}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customers":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.customer t2
        where t2.branch_id = $1::integer
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t1.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"kind":"' || t1.kind || '","status":"' || t1.status || '","phone":' || coalesce(
                to_json(terrace.mask_phone(t1.phone))::text,
                'null'
              ) || ',"email":' || coalesce(
                to_json(terrace.mask_email(t1.email))::text,
                'null'
              ) || ',"idDocument":' || coalesce(
                to_json(terrace.mask_document(t1.id_document))::text,
                'null'
              ) || ',"birthDate":' || coalesce('"' || null::text || '"', 'null') || ',"address":' || coalesce(
                to_json(terrace.mask_address(t1.address))::text,
                'null'
              ) || ',"branch":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t3.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.branch t3
                  where t3.id = t1.branch_id
                ),
                'null'
              ) || ',"manager":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.assigned_manager_id
                  and t4.branch_id = $1::integer
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
      ) || ']}'
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
  ) || '}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customers":' || (
    select (
      '{"totalCount":' || (
        select count(*)::text
        from terrace.customer t2
        where true
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"id":"' || encode(
                convert_to('Customer:' || t1.id, 'UTF8'),
                'base64'
              ) || '","number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"kind":"' || t1.kind || '","status":"' || t1.status || '","phone":' || coalesce(
                to_json(terrace.mask_phone(t1.phone))::text,
                'null'
              ) || ',"email":' || coalesce(
                to_json(terrace.mask_email(t1.email))::text,
                'null'
              ) || ',"idDocument":' || coalesce(
                to_json(terrace.mask_document(t1.id_document))::text,
                'null'
              ) || ',"birthDate":' || coalesce('"' || null::text || '"', 'null') || ',"address":' || coalesce(
                to_json(terrace.mask_address(t1.address))::text,
                'null'
              ) || ',"branch":' || coalesce(
                (
                  select coalesce(
                    ('{"code":' || to_json(t3.code)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.branch t3
                  where t3.id = t1.branch_id
                ),
                'null'
              ) || ',"manager":' || coalesce(
                (
                  select coalesce(
                    ('{"number":' || to_json(t4.number)::text || '}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.manager t4
                  where t4.id = t1.assigned_manager_id
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
      ) || ']}'
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
  ) || '}'
)
end;

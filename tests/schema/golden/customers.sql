-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  json_object(
    'customers': (
      select json_object(
        'totalCount': (select count(*) from terrace.customer t2 where t2.id = $1::integer),
        'nodes': coalesce(
          json_agg(
            json_object(
              'id': encode(convert_to('Customer:' || t1.id, 'UTF8'), 'base64'),
              'number': t1.number,
              'name': t1.name,
              'kind': t1.kind,
              'status': t1.status,
              'phone': t1.phone,
              'email': t1.email,
              'idDocument': t1.id_document,
              'birthDate': t1.birth_date::text,
              'address': t1.address,
              'branch': (
                select json_object('code': t3.code returning json)
                from terrace.branch t3
                where t3.id = t1.branch_id
              ),
              'manager': (
                select json_object('number': t4.number returning json)
                from terrace.manager t4
                where t4.id = t1.assigned_manager_id
                and t4.id = (
                  select own.manager_id
                  from terrace.customer own
                  where own.id = $1::integer
                )
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
        'totalCount': (
          select count(*)
          from terrace.customer t2
          where t2.manager_id = $1::integer
        ),
        'nodes': coalesce(
          json_agg(
            json_object(
              'id': encode(convert_to('Customer:' || t1.id, 'UTF8'), 'base64'),
              'number': t1.number,
              'name': t1.name,
              'kind': t1.kind,
              'status': t1.status,
              'phone': terrace.mask_phone(t1.phone),
              'email': terrace.mask_email(t1.email),
              'idDocument': terrace.mask_document(t1.id_document),
              'birthDate': null::text,
              'address': terrace.mask_address(t1.address),
              'branch': (
                select json_object('code': t3.code returning json)
                from terrace.branch t3
                where t3.id = t1.branch_id
              ),
              'manager': (
                select json_object('number': t4.number returning json)
                from terrace.manager t4
                where t4.id = t1.assigned_manager_id
                and t4.id = $1::integer
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
        'totalCount': (
          select count(*)
          from terrace.customer t2
          where t2.branch_id = $1::integer
        ),
        'nodes': coalesce(
          json_agg(
            json_object(
              'id': encode(convert_to('Customer:' || t1.id, 'UTF8'), 'base64'),
              'number': t1.number,
              'name': t1.name,
              'kind': t1.kind,
              'status': t1.status,
              'phone': terrace.mask_phone(t1.phone),
              'email': terrace.mask_email(t1.email),
              'idDocument': terrace.mask_document(t1.id_document),
              'birthDate': null::text,
              'address': terrace.mask_address(t1.address),
              'branch': (
                select json_object('code': t3.code returning json)
                from terrace.branch t3
                where t3.id = t1.branch_id
              ),
              'manager': (
                select json_object('number': t4.number returning json)
                from terrace.manager t4
                where t4.id = t1.assigned_manager_id
                and t4.branch_id = $1::integer
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
        'totalCount': (select count(*) from terrace.customer t2 where true),
        'nodes': coalesce(
          json_agg(
            json_object(
              'id': encode(convert_to('Customer:' || t1.id, 'UTF8'), 'base64'),
              'number': t1.number,
              'name': t1.name,
              'kind': t1.kind,
              'status': t1.status,
              'phone': terrace.mask_phone(t1.phone),
              'email': terrace.mask_email(t1.email),
              'idDocument': terrace.mask_document(t1.id_document),
              'birthDate': null::text,
              'address': terrace.mask_address(t1.address),
              'branch': (
                select json_object('code': t3.code returning json)
                from terrace.branch t3
                where t3.id = t1.branch_id
              ),
              'manager': (
                select json_object('number': t4.number returning json)
                from terrace.manager t4
                where t4.id = t1.assigned_manager_id
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

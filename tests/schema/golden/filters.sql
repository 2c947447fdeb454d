-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customers":' || (
    select (
      '{"edges":[' || coalesce(
        string_agg(
          (
            '{"cursor":"' || translate(
              encode(
                convert_to(
                  json_build_array('171ea2', t1.name::text, t1.number::text)::text,
                  'UTF8'
                ),
                'base64'
              ),
              E'\n',
              ''
            ) || '","node":' || coalesce(
              ('{"number":' || to_json(t1.number)::text || '}'),
              '{" fault":"missing"}'
            ) || '}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $6::integer),
        ''
      ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $6::integer)::text || ',"endCursor":' || coalesce(
        (
          array_agg(
            (
              '"' || translate(
                encode(
                  convert_to(
                    json_build_array('171ea2', t1.name::text, t1.number::text)::text,
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
        )[least(count(*), $6::integer)],
        'null'
      ) || '}}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.name desc, t1.number desc) as place
      from (
        select t1.*
        from terrace.customer t1
        where t1.id = $1::integer
        and (
          (
            (
              (
                exists (
                  select
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.month = (select c.open_month from terrace.calendar c)
                  and t2.customer_id = $1::integer
                  and (t2.status = $2::text)
                )
                or (
                  (
                    exists (
                      select
                      from terrace.standing_in_force t3
                      where t3.customer_id = t1.id
                      and t3.month = (select c.open_month from terrace.calendar c)
                      and t3.customer_id = $1::integer
                      and true
                    )
                  ) is not true
                  and ('NON_MEMBER'::text = $2::text)
                )
              )
            )
            or (
              (
                exists (
                  select
                  from terrace.standing_in_force t4
                  where t4.customer_id = t1.id
                  and t4.month = (select c.open_month from terrace.calendar c)
                  and t4.customer_id = $1::integer
                  and (t4.tier = $3::text)
                )
                or (
                  (
                    exists (
                      select
                      from terrace.standing_in_force t5
                      where t5.customer_id = t1.id
                      and t5.month = (select c.open_month from terrace.calendar c)
                      and t5.customer_id = $1::integer
                      and true
                    )
                  ) is not true
                  and (null::text = $3::text)
                )
              )
            )
            or (
              (
                strpos(lower(t1.name), lower($4::text)) > 0
                and terrace.search_terms(t1.search_key) @> $5::text[]
              )
            )
          )
        )
        order by t1.name desc,
        t1.number desc
        limit $6::integer + 1
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
      '{"edges":[' || coalesce(
        string_agg(
          (
            '{"cursor":"' || translate(
              encode(
                convert_to(
                  json_build_array('171ea2', t1.name::text, t1.number::text)::text,
                  'UTF8'
                ),
                'base64'
              ),
              E'\n',
              ''
            ) || '","node":' || coalesce(
              ('{"number":' || to_json(t1.number)::text || '}'),
              '{" fault":"missing"}'
            ) || '}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $6::integer),
        ''
      ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $6::integer)::text || ',"endCursor":' || coalesce(
        (
          array_agg(
            (
              '"' || translate(
                encode(
                  convert_to(
                    json_build_array('171ea2', t1.name::text, t1.number::text)::text,
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
        )[least(count(*), $6::integer)],
        'null'
      ) || '}}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.name desc, t1.number desc) as place
      from (
        select t1.*
        from terrace.customer t1
        where t1.manager_id = $1::integer
        and (
          (
            (
              (
                exists (
                  select
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.month = (select c.open_month from terrace.calendar c)
                  and t2.manager_id = $1::integer
                  and (t2.status = $2::text)
                )
                or (
                  (
                    exists (
                      select
                      from terrace.standing_in_force t3
                      where t3.customer_id = t1.id
                      and t3.month = (select c.open_month from terrace.calendar c)
                      and t3.manager_id = $1::integer
                      and true
                    )
                  ) is not true
                  and ('NON_MEMBER'::text = $2::text)
                )
              )
            )
            or (
              (
                exists (
                  select
                  from terrace.standing_in_force t4
                  where t4.customer_id = t1.id
                  and t4.month = (select c.open_month from terrace.calendar c)
                  and t4.manager_id = $1::integer
                  and (t4.tier = $3::text)
                )
                or (
                  (
                    exists (
                      select
                      from terrace.standing_in_force t5
                      where t5.customer_id = t1.id
                      and t5.month = (select c.open_month from terrace.calendar c)
                      and t5.manager_id = $1::integer
                      and true
                    )
                  ) is not true
                  and (null::text = $3::text)
                )
              )
            )
            or (
              (
                strpos(lower(t1.name), lower($4::text)) > 0
                and terrace.search_terms(t1.search_key) @> $5::text[]
              )
            )
          )
        )
        order by t1.name desc,
        t1.number desc
        limit $6::integer + 1
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
      '{"edges":[' || coalesce(
        string_agg(
          (
            '{"cursor":"' || translate(
              encode(
                convert_to(
                  json_build_array('171ea2', t1.name::text, t1.number::text)::text,
                  'UTF8'
                ),
                'base64'
              ),
              E'\n',
              ''
            ) || '","node":' || coalesce(
              ('{"number":' || to_json(t1.number)::text || '}'),
              '{" fault":"missing"}'
            ) || '}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $6::integer),
        ''
      ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $6::integer)::text || ',"endCursor":' || coalesce(
        (
          array_agg(
            (
              '"' || translate(
                encode(
                  convert_to(
                    json_build_array('171ea2', t1.name::text, t1.number::text)::text,
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
        )[least(count(*), $6::integer)],
        'null'
      ) || '}}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.name desc, t1.number desc) as place
      from (
        select t1.*
        from terrace.customer t1
        where t1.branch_id = $1::integer
        and (
          (
            (
              (
                exists (
                  select
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.month = (select c.open_month from terrace.calendar c)
                  and t2.branch_id = $1::integer
                  and (t2.status = $2::text)
                )
                or (
                  (
                    exists (
                      select
                      from terrace.standing_in_force t3
                      where t3.customer_id = t1.id
                      and t3.month = (select c.open_month from terrace.calendar c)
                      and t3.branch_id = $1::integer
                      and true
                    )
                  ) is not true
                  and ('NON_MEMBER'::text = $2::text)
                )
              )
            )
            or (
              (
                exists (
                  select
                  from terrace.standing_in_force t4
                  where t4.customer_id = t1.id
                  and t4.month = (select c.open_month from terrace.calendar c)
                  and t4.branch_id = $1::integer
                  and (t4.tier = $3::text)
                )
                or (
                  (
                    exists (
                      select
                      from terrace.standing_in_force t5
                      where t5.customer_id = t1.id
                      and t5.month = (select c.open_month from terrace.calendar c)
                      and t5.branch_id = $1::integer
                      and true
                    )
                  ) is not true
                  and (null::text = $3::text)
                )
              )
            )
            or (
              (
                strpos(lower(t1.name), lower($4::text)) > 0
                and terrace.search_terms(t1.search_key) @> $5::text[]
              )
            )
          )
        )
        order by t1.name desc,
        t1.number desc
        limit $6::integer + 1
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
      '{"edges":[' || coalesce(
        string_agg(
          (
            '{"cursor":"' || translate(
              encode(
                convert_to(
                  json_build_array('171ea2', t1.name::text, t1.number::text)::text,
                  'UTF8'
                ),
                'base64'
              ),
              E'\n',
              ''
            ) || '","node":' || coalesce(
              ('{"number":' || to_json(t1.number)::text || '}'),
              '{" fault":"missing"}'
            ) || '}'
          ),
          ','
          order by t1.place
        ) filter (where t1.place <= $6::integer),
        ''
      ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $6::integer)::text || ',"endCursor":' || coalesce(
        (
          array_agg(
            (
              '"' || translate(
                encode(
                  convert_to(
                    json_build_array('171ea2', t1.name::text, t1.number::text)::text,
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
        )[least(count(*), $6::integer)],
        'null'
      ) || '}}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.name desc, t1.number desc) as place
      from (
        select t1.*
        from terrace.customer t1
        where (
          (
            (
              (
                exists (
                  select
                  from terrace.standing_in_force t2
                  where t2.customer_id = t1.id
                  and t2.month = (select c.open_month from terrace.calendar c)
                  and (t2.status = $2::text)
                )
                or (
                  (
                    exists (
                      select
                      from terrace.standing_in_force t3
                      where t3.customer_id = t1.id
                      and t3.month = (select c.open_month from terrace.calendar c)
                      and true
                    )
                  ) is not true
                  and ('NON_MEMBER'::text = $2::text)
                )
              )
            )
            or (
              (
                exists (
                  select
                  from terrace.standing_in_force t4
                  where t4.customer_id = t1.id
                  and t4.month = (select c.open_month from terrace.calendar c)
                  and (t4.tier = $3::text)
                )
                or (
                  (
                    exists (
                      select
                      from terrace.standing_in_force t5
                      where t5.customer_id = t1.id
                      and t5.month = (select c.open_month from terrace.calendar c)
                      and true
                    )
                  ) is not true
                  and (null::text = $3::text)
                )
              )
            )
            or (
              (
                strpos(lower(t1.name), lower($4::text)) > 0
                and terrace.search_terms(t1.search_key) @> $5::text[]
              )
            )
          )
        )
        order by t1.name desc,
        t1.number desc
        limit $6::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

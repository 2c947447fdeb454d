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
        and (
          (
            (
              (
                t2.search_key like $2::text
                and terrace.search_terms(t2.search_key) @> $3::text[]
              )
            )
            or (
              (
                strpos(lower(t2.name), lower($4::text)) > 0
                and terrace.search_terms(t2.search_key) @> $5::text[]
              )
            )
            or (
              (
                starts_with(t2.number, $6::text)
                and (t2.number ~>=~ $6::text and t2.number ~<~ $7::text)
              )
            )
            or (
              (
                (
                  reverse(terrace.phone_tail(t2.phone)) ~>=~ $8::text
                  and reverse(terrace.phone_tail(t2.phone)) ~<~ $9::text
                )
              )
            )
          )
        )
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(('{"number":' || to_json(t1.number)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t1.place
        ) filter (where t1.place <= $10::integer),
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
        and (
          (
            (
              (
                t1.search_key like $2::text
                and terrace.search_terms(t1.search_key) @> $3::text[]
              )
            )
            or (
              (
                strpos(lower(t1.name), lower($4::text)) > 0
                and terrace.search_terms(t1.search_key) @> $5::text[]
              )
            )
            or (
              (
                starts_with(t1.number, $6::text)
                and (t1.number ~>=~ $6::text and t1.number ~<~ $7::text)
              )
            )
            or (
              (
                (
                  reverse(terrace.phone_tail(t1.phone)) ~>=~ $8::text
                  and reverse(terrace.phone_tail(t1.phone)) ~<~ $9::text
                )
              )
            )
          )
        )
        order by t1.number
        limit $10::integer + 1
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
        and (
          (
            (
              (
                t2.search_key like $2::text
                and terrace.search_terms(t2.search_key) @> $3::text[]
              )
            )
            or (
              (
                strpos(lower(t2.name), lower($4::text)) > 0
                and terrace.search_terms(t2.search_key) @> $5::text[]
              )
            )
            or (
              (
                starts_with(t2.number, $6::text)
                and (t2.number ~>=~ $6::text and t2.number ~<~ $7::text)
              )
            )
            or (
              (
                (
                  reverse(terrace.phone_tail(t2.phone)) ~>=~ $8::text
                  and reverse(terrace.phone_tail(t2.phone)) ~<~ $9::text
                )
              )
            )
          )
        )
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(('{"number":' || to_json(t1.number)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t1.place
        ) filter (where t1.place <= $10::integer),
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
        and (
          (
            (
              (
                t1.search_key like $2::text
                and terrace.search_terms(t1.search_key) @> $3::text[]
              )
            )
            or (
              (
                strpos(lower(t1.name), lower($4::text)) > 0
                and terrace.search_terms(t1.search_key) @> $5::text[]
              )
            )
            or (
              (
                starts_with(t1.number, $6::text)
                and (t1.number ~>=~ $6::text and t1.number ~<~ $7::text)
              )
            )
            or (
              (
                (
                  reverse(terrace.phone_tail(t1.phone)) ~>=~ $8::text
                  and reverse(terrace.phone_tail(t1.phone)) ~<~ $9::text
                )
              )
            )
          )
        )
        order by t1.number
        limit $10::integer + 1
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
        and (
          (
            (
              (
                t2.search_key like $2::text
                and terrace.search_terms(t2.search_key) @> $3::text[]
              )
            )
            or (
              (
                strpos(lower(t2.name), lower($4::text)) > 0
                and terrace.search_terms(t2.search_key) @> $5::text[]
              )
            )
            or (
              (
                starts_with(t2.number, $6::text)
                and (t2.number ~>=~ $6::text and t2.number ~<~ $7::text)
              )
            )
            or (
              (
                (
                  reverse(terrace.phone_tail(t2.phone)) ~>=~ $8::text
                  and reverse(terrace.phone_tail(t2.phone)) ~<~ $9::text
                )
              )
            )
          )
        )
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(('{"number":' || to_json(t1.number)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t1.place
        ) filter (where t1.place <= $10::integer),
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
        and (
          (
            (
              (
                t1.search_key like $2::text
                and terrace.search_terms(t1.search_key) @> $3::text[]
              )
            )
            or (
              (
                strpos(lower(t1.name), lower($4::text)) > 0
                and terrace.search_terms(t1.search_key) @> $5::text[]
              )
            )
            or (
              (
                starts_with(t1.number, $6::text)
                and (t1.number ~>=~ $6::text and t1.number ~<~ $7::text)
              )
            )
            or (
              (
                (
                  reverse(terrace.phone_tail(t1.phone)) ~>=~ $8::text
                  and reverse(terrace.phone_tail(t1.phone)) ~<~ $9::text
                )
              )
            )
          )
        )
        order by t1.number
        limit $10::integer + 1
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
        where (
          (
            (
              (
                t2.search_key like $2::text
                and terrace.search_terms(t2.search_key) @> $3::text[]
              )
            )
            or (
              (
                strpos(lower(t2.name), lower($4::text)) > 0
                and terrace.search_terms(t2.search_key) @> $5::text[]
              )
            )
            or (
              (
                starts_with(t2.number, $6::text)
                and (t2.number ~>=~ $6::text and t2.number ~<~ $7::text)
              )
            )
            or (
              (
                (
                  reverse(terrace.phone_tail(t2.phone)) ~>=~ $8::text
                  and reverse(terrace.phone_tail(t2.phone)) ~<~ $9::text
                )
              )
            )
          )
        )
      ) || ',"nodes":[' || coalesce(
        string_agg(
          coalesce(('{"number":' || to_json(t1.number)::text || '}'), '{" fault":"missing"}'),
          ','
          order by t1.place
        ) filter (where t1.place <= $10::integer),
        ''
      ) || ']}'
    )
    from (
      select t1.*,
      row_number() over (order by t1.number) as place
      from (
        select t1.*
        from terrace.customer t1
        where (
          (
            (
              (
                t1.search_key like $2::text
                and terrace.search_terms(t1.search_key) @> $3::text[]
              )
            )
            or (
              (
                strpos(lower(t1.name), lower($4::text)) > 0
                and terrace.search_terms(t1.search_key) @> $5::text[]
              )
            )
            or (
              (
                starts_with(t1.number, $6::text)
                and (t1.number ~>=~ $6::text and t1.number ~<~ $7::text)
              )
            )
            or (
              (
                (
                  reverse(terrace.phone_tail(t1.phone)) ~>=~ $8::text
                  and reverse(terrace.phone_tail(t1.phone)) ~<~ $9::text
                )
              )
            )
          )
        )
        order by t1.number
        limit $10::integer + 1
      ) t1
    ) t1
    having true
  ) || '}'
)
end;

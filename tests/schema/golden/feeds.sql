-- customer, manager, branch, all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"feeds":[' || coalesce(
    (
      select string_agg(
        coalesce(
          (
            '{"code":' || to_json(t1.code)::text || ',"name":' || to_json(t1.name)::text || ',"productClasses":' || coalesce(to_json(t1.product_classes)::text, 'null') || ',"expectedSince":"' || t1.expected_since::text || '","expectedUntil":' || coalesce('"' || t1.expected_until::text || '"', 'null') || ',"month":' || coalesce(
              to_json(
                coalesce(
                  to_json(left((select c.open_month from terrace.calendar c)::text, 7)),
                  '{" fault":"NO_BUSINESS_DATE"}'::json
                )
              )::text,
              'null'
            ) || ',"missingDays":' || coalesce(
              to_json(
                array(
                  select greatest(
                    t1.expected_since,
                    (select c.open_month from terrace.calendar c)
                  ) + n
                  from terrace.calendar c cross
                  join lateral generate_series(
                    0,
                    case
                    when c.business_date >= (select c.open_month from terrace.calendar c) then least(
                      least(
                        t1.expected_until,
                        (
                          (select c.open_month from terrace.calendar c) + interval '1 month'
                        )::date - 1
                      ),
                      c.business_date
                    ) - greatest(
                      t1.expected_since,
                      (select c.open_month from terrace.calendar c)
                    )
                    end
                  ) n
                  where not exists (
                    select
                    from terrace.feed_day f
                    where f.source = t1.code
                    and f.day = greatest(
                      t1.expected_since,
                      (select c.open_month from terrace.calendar c)
                    ) + n
                  )
                  order by n
                )
              )::text,
              'null'
            ) || '}'
          ),
          '{" fault":"missing"}'
        ),
        ','
        order by t1.code
      )
      from terrace.feed_source t1
      where $2::text not in ('customer', 'manager')
    ),
    ''
  ) || '],"past":[' || coalesce(
    (
      select string_agg(
        (
          '{"expectedDays":' || coalesce(
            to_json(
              case
              when $3::date is null then 0
              else greatest(
                least(
                  t2.expected_until,
                  ($3::date + interval '1 month')::date - 1
                ) - greatest(t2.expected_since, $3::date) + 1,
                0
              )
              end
            )::text,
            'null'
          ) || ',"completeDays":' || coalesce(
            to_json(
              (
                select count(*)
                from terrace.feed_day f
                where f.source = t2.code
                and $3::date is not null
                and f.day >= greatest(t2.expected_since, $3::date)
                and f.day <= least(t2.expected_until, ($3::date + interval '1 month')::date - 1)
              )
            )::text,
            'null'
          ) || ',"missingDays":' || coalesce(
            to_json(
              array(
                select greatest(t2.expected_since, $3::date) + n
                from terrace.calendar c cross
                join lateral generate_series(
                  0,
                  case
                  when c.business_date >= $3::date then least(
                    least(t2.expected_until, ($3::date + interval '1 month')::date - 1),
                    c.business_date
                  ) - greatest(t2.expected_since, $3::date)
                  end
                ) n
                where not exists (
                  select
                  from terrace.feed_day f
                  where f.source = t2.code
                  and f.day = greatest(t2.expected_since, $3::date) + n
                )
                order by n
              )
            )::text,
            'null'
          ) || '}'
        ),
        ','
        order by t2.code
      )
      from terrace.feed_source t2
      where $2::text not in ('customer', 'manager')
    ),
    ''
  ) || ']}'
)
end;

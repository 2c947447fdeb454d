-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customers":' || (
    select (
      '{"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"number":' || to_json(t1.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"id":"' || encode(
                          convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                          'base64'
                        ) || '","number":' || to_json(t2.number)::text || ',"customer":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t3.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.customer t3
                            where t3.id = t2.customer_id
                            and t3.id = $1::integer
                          ),
                          'null'
                        ) || ',"productClass":"' || t2.product_class || '","currency":' || to_json(t2.currency)::text || ',"balance":"' || t2.balance::text || '","balanceAsOf":' || coalesce('"' || t2.balance_as_of::text || '"', 'null') || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t2.number
                  )
                  from terrace.account t2
                  where t2.customer_id = t1.id
                  and t2.customer_id = $1::integer
                ),
                ''
              ) || '],"aum":' || coalesce(
                (
                  select coalesce(
                    ('{"total":"' || t4.total::text || '"}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.aum_figure t4
                  where t4.customer_id = t1.id
                  and t4.customer_id = $1::integer
                  and t4.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"aumHistory":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"month":"' || left(t5.month::text, 7) || '","total":"' || t5.total::text || '","final":' || (t5.final)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t5.month
                  )
                  from terrace.aum_figure t5
                  where t5.customer_id = t1.id
                  and t5.customer_id = $1::integer
                  and t5.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
                  and t5.month <= (select c.open_month from terrace.calendar c)
                ),
                ''
              ) || ']}'
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
      '{"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"number":' || to_json(t1.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"id":"' || encode(
                          convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                          'base64'
                        ) || '","number":' || to_json(t2.number)::text || ',"customer":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t3.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.customer t3
                            where t3.id = t2.customer_id
                            and t3.manager_id = $1::integer
                          ),
                          'null'
                        ) || ',"productClass":"' || t2.product_class || '","currency":' || to_json(t2.currency)::text || ',"balance":"' || t2.balance::text || '","balanceAsOf":' || coalesce('"' || t2.balance_as_of::text || '"', 'null') || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t2.number
                  )
                  from terrace.account t2
                  where t2.customer_id = t1.id
                  and t2.manager_id = $1::integer
                ),
                ''
              ) || '],"aum":' || coalesce(
                (
                  select coalesce(
                    ('{"total":"' || t4.total::text || '"}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.aum_figure t4
                  where t4.customer_id = t1.id
                  and t4.manager_id = $1::integer
                  and t4.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"aumHistory":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"month":"' || left(t5.month::text, 7) || '","total":"' || t5.total::text || '","final":' || (t5.final)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t5.month
                  )
                  from terrace.aum_figure t5
                  where t5.customer_id = t1.id
                  and t5.manager_id = $1::integer
                  and t5.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
                  and t5.month <= (select c.open_month from terrace.calendar c)
                ),
                ''
              ) || ']}'
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
      '{"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"number":' || to_json(t1.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"id":"' || encode(
                          convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                          'base64'
                        ) || '","number":' || to_json(t2.number)::text || ',"customer":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t3.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.customer t3
                            where t3.id = t2.customer_id
                            and t3.branch_id = $1::integer
                          ),
                          'null'
                        ) || ',"productClass":"' || t2.product_class || '","currency":' || to_json(t2.currency)::text || ',"balance":"' || t2.balance::text || '","balanceAsOf":' || coalesce('"' || t2.balance_as_of::text || '"', 'null') || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t2.number
                  )
                  from terrace.account t2
                  where t2.customer_id = t1.id
                  and t2.branch_id = $1::integer
                ),
                ''
              ) || '],"aum":' || coalesce(
                (
                  select coalesce(
                    ('{"total":"' || t4.total::text || '"}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.aum_figure t4
                  where t4.customer_id = t1.id
                  and t4.branch_id = $1::integer
                  and t4.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"aumHistory":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"month":"' || left(t5.month::text, 7) || '","total":"' || t5.total::text || '","final":' || (t5.final)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t5.month
                  )
                  from terrace.aum_figure t5
                  where t5.customer_id = t1.id
                  and t5.branch_id = $1::integer
                  and t5.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
                  and t5.month <= (select c.open_month from terrace.calendar c)
                ),
                ''
              ) || ']}'
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
      '{"nodes":[' || coalesce(
        string_agg(
          coalesce(
            (
              '{"number":' || to_json(t1.number)::text || ',"accounts":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"id":"' || encode(
                          convert_to('Account:' || t2.customer_id || '.' || t2.id, 'UTF8'),
                          'base64'
                        ) || '","number":' || to_json(t2.number)::text || ',"customer":' || coalesce(
                          (
                            select coalesce(
                              ('{"number":' || to_json(t3.number)::text || '}'),
                              '{" fault":"missing"}'
                            )
                            from terrace.customer t3
                            where t3.id = t2.customer_id
                          ),
                          'null'
                        ) || ',"productClass":"' || t2.product_class || '","currency":' || to_json(t2.currency)::text || ',"balance":"' || t2.balance::text || '","balanceAsOf":' || coalesce('"' || t2.balance_as_of::text || '"', 'null') || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t2.number
                  )
                  from terrace.account t2
                  where t2.customer_id = t1.id
                ),
                ''
              ) || '],"aum":' || coalesce(
                (
                  select coalesce(
                    ('{"total":"' || t4.total::text || '"}'),
                    '{" fault":"missing"}'
                  )
                  from terrace.aum_figure t4
                  where t4.customer_id = t1.id
                  and t4.month = (select c.open_month from terrace.calendar c)
                ),
                'null'
              ) || ',"aumHistory":[' || coalesce(
                (
                  select string_agg(
                    coalesce(
                      (
                        '{"month":"' || left(t5.month::text, 7) || '","total":"' || t5.total::text || '","final":' || (t5.final)::text || '}'
                      ),
                      '{" fault":"missing"}'
                    ),
                    ','
                    order by t5.month
                  )
                  from terrace.aum_figure t5
                  where t5.customer_id = t1.id
                  and t5.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
                  and t5.month <= (select c.open_month from terrace.calendar c)
                ),
                ''
              ) || ']}'
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

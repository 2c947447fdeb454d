-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"manager":' || coalesce(
    (
      select (
        '{"customers":' || (
          select (
            '{"nodes":[' || coalesce(
              string_agg(
                coalesce(
                  (
                    '{"number":' || to_json(t2.number)::text || ',"name":' || to_json(t2.name)::text || ',"standing":' || coalesce(
                      (
                        select coalesce(
                          (
                            '{"status":"' || t3.status || '","tier":' || coalesce(
                              (
                                select coalesce(
                                  (
                                    '{"code":' || to_json(t4.code)::text || ',"name":' || to_json(t4.name)::text || '}'
                                  ),
                                  '{" fault":"missing"}'
                                )
                                from terrace.tier t4
                                where t4.policy_version = t3.policy_version
                                and t4.code = t3.tier
                              ),
                              'null'
                            ) || '}'
                          ),
                          '{" fault":"missing"}'
                        )
                        from terrace.standing_in_force t3
                        where t3.customer_id = t2.id
                        and t3.customer_id = $1::integer
                        order by t3.month desc
                        limit 1
                      ),
                      (
                        '{"status":"NON_MEMBER","tier":' || coalesce(to_json(null::text)::text, 'null') || '}'
                      )
                    ) || ',"accounts":[' || coalesce(
                      (
                        select string_agg(
                          coalesce(
                            (
                              '{"number":' || to_json(t5.number)::text || ',"productClass":"' || t5.product_class || '","balance":"' || t5.balance::text || '"}'
                            ),
                            '{" fault":"missing"}'
                          ),
                          ','
                          order by t5.number
                        )
                        from terrace.account t5
                        where t5.customer_id = t2.id
                        and t5.customer_id = $1::integer
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t2.place
              ) filter (where t2.place <= $3::integer),
              ''
            ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $3::integer)::text || '}}'
          )
          from (
            select t2.*,
            row_number() over (order by t2.number) as place
            from (
              select t2.*
              from terrace.customer t2
              where t2.manager_id = t1.id
              and t2.id = $1::integer
              order by t2.number
              limit $3::integer + 1
            ) t2
          ) t2
          having true
        ) || '}'
      )
      from terrace.manager t1
      where t1.id = (select own.manager_id from terrace.customer own where own.id = $1::integer)
      and t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"manager":' || coalesce(
    (
      select (
        '{"customers":' || (
          select (
            '{"nodes":[' || coalesce(
              string_agg(
                coalesce(
                  (
                    '{"number":' || to_json(t2.number)::text || ',"name":' || to_json(t2.name)::text || ',"standing":' || coalesce(
                      (
                        select coalesce(
                          (
                            '{"status":"' || t3.status || '","tier":' || coalesce(
                              (
                                select coalesce(
                                  (
                                    '{"code":' || to_json(t4.code)::text || ',"name":' || to_json(t4.name)::text || '}'
                                  ),
                                  '{" fault":"missing"}'
                                )
                                from terrace.tier t4
                                where t4.policy_version = t3.policy_version
                                and t4.code = t3.tier
                              ),
                              'null'
                            ) || '}'
                          ),
                          '{" fault":"missing"}'
                        )
                        from terrace.standing_in_force t3
                        where t3.customer_id = t2.id
                        and t3.manager_id = $1::integer
                        order by t3.month desc
                        limit 1
                      ),
                      (
                        '{"status":"NON_MEMBER","tier":' || coalesce(to_json(null::text)::text, 'null') || '}'
                      )
                    ) || ',"accounts":[' || coalesce(
                      (
                        select string_agg(
                          coalesce(
                            (
                              '{"number":' || to_json(t5.number)::text || ',"productClass":"' || t5.product_class || '","balance":"' || t5.balance::text || '"}'
                            ),
                            '{" fault":"missing"}'
                          ),
                          ','
                          order by t5.number
                        )
                        from terrace.account t5
                        where t5.customer_id = t2.id
                        and t5.manager_id = $1::integer
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t2.place
              ) filter (where t2.place <= $3::integer),
              ''
            ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $3::integer)::text || '}}'
          )
          from (
            select t2.*,
            row_number() over (order by t2.number) as place
            from (
              select t2.*
              from terrace.customer t2
              where t2.manager_id = t1.id
              and t2.manager_id = $1::integer
              order by t2.number
              limit $3::integer + 1
            ) t2
          ) t2
          having true
        ) || '}'
      )
      from terrace.manager t1
      where t1.id = $1::integer
      and t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"manager":' || coalesce(
    (
      select (
        '{"customers":' || (
          select (
            '{"nodes":[' || coalesce(
              string_agg(
                coalesce(
                  (
                    '{"number":' || to_json(t2.number)::text || ',"name":' || to_json(t2.name)::text || ',"standing":' || coalesce(
                      (
                        select coalesce(
                          (
                            '{"status":"' || t3.status || '","tier":' || coalesce(
                              (
                                select coalesce(
                                  (
                                    '{"code":' || to_json(t4.code)::text || ',"name":' || to_json(t4.name)::text || '}'
                                  ),
                                  '{" fault":"missing"}'
                                )
                                from terrace.tier t4
                                where t4.policy_version = t3.policy_version
                                and t4.code = t3.tier
                              ),
                              'null'
                            ) || '}'
                          ),
                          '{" fault":"missing"}'
                        )
                        from terrace.standing_in_force t3
                        where t3.customer_id = t2.id
                        and t3.branch_id = $1::integer
                        order by t3.month desc
                        limit 1
                      ),
                      (
                        '{"status":"NON_MEMBER","tier":' || coalesce(to_json(null::text)::text, 'null') || '}'
                      )
                    ) || ',"accounts":[' || coalesce(
                      (
                        select string_agg(
                          coalesce(
                            (
                              '{"number":' || to_json(t5.number)::text || ',"productClass":"' || t5.product_class || '","balance":"' || t5.balance::text || '"}'
                            ),
                            '{" fault":"missing"}'
                          ),
                          ','
                          order by t5.number
                        )
                        from terrace.account t5
                        where t5.customer_id = t2.id
                        and t5.branch_id = $1::integer
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t2.place
              ) filter (where t2.place <= $3::integer),
              ''
            ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $3::integer)::text || '}}'
          )
          from (
            select t2.*,
            row_number() over (order by t2.number) as place
            from (
              select t2.*
              from terrace.customer t2
              where t2.manager_id = t1.id
              and t2.branch_id = $1::integer
              order by t2.number
              limit $3::integer + 1
            ) t2
          ) t2
          having true
        ) || '}'
      )
      from terrace.manager t1
      where t1.branch_id = $1::integer
      and t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"manager":' || coalesce(
    (
      select (
        '{"customers":' || (
          select (
            '{"nodes":[' || coalesce(
              string_agg(
                coalesce(
                  (
                    '{"number":' || to_json(t2.number)::text || ',"name":' || to_json(t2.name)::text || ',"standing":' || coalesce(
                      (
                        select coalesce(
                          (
                            '{"status":"' || t3.status || '","tier":' || coalesce(
                              (
                                select coalesce(
                                  (
                                    '{"code":' || to_json(t4.code)::text || ',"name":' || to_json(t4.name)::text || '}'
                                  ),
                                  '{" fault":"missing"}'
                                )
                                from terrace.tier t4
                                where t4.policy_version = t3.policy_version
                                and t4.code = t3.tier
                              ),
                              'null'
                            ) || '}'
                          ),
                          '{" fault":"missing"}'
                        )
                        from terrace.standing_in_force t3
                        where t3.customer_id = t2.id
                        order by t3.month desc
                        limit 1
                      ),
                      (
                        '{"status":"NON_MEMBER","tier":' || coalesce(to_json(null::text)::text, 'null') || '}'
                      )
                    ) || ',"accounts":[' || coalesce(
                      (
                        select string_agg(
                          coalesce(
                            (
                              '{"number":' || to_json(t5.number)::text || ',"productClass":"' || t5.product_class || '","balance":"' || t5.balance::text || '"}'
                            ),
                            '{" fault":"missing"}'
                          ),
                          ','
                          order by t5.number
                        )
                        from terrace.account t5
                        where t5.customer_id = t2.id
                      ),
                      ''
                    ) || ']}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t2.place
              ) filter (where t2.place <= $3::integer),
              ''
            ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $3::integer)::text || '}}'
          )
          from (
            select t2.*,
            row_number() over (order by t2.number) as place
            from (
              select t2.*
              from terrace.customer t2
              where t2.manager_id = t1.id
              order by t2.number
              limit $3::integer + 1
            ) t2
          ) t2
          having true
        ) || '}'
      )
      from terrace.manager t1
      where t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

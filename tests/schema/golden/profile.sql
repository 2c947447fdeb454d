-- customer
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  '{"customer":' || coalesce(
    (
      select coalesce(
        (
          '{"number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"standing":' || coalesce(
            (
              select coalesce(
                (
                  '{"status":"' || t2.status || '","since":' || coalesce('"' || left(t2.since::text, 7) || '"', 'null') || ',"tier":' || coalesce(
                    (
                      select coalesce(
                        (
                          '{"code":' || to_json(t3.code)::text || ',"name":' || to_json(t3.name)::text || ',"rank":' || (t3.rank)::text || '}'
                        ),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t3
                      where t3.policy_version = t2.policy_version
                      and t3.code = t2.tier
                    ),
                    'null'
                  ) || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.standing_in_force t2
              where t2.customer_id = t1.id
              and t2.customer_id = $1::integer
              order by t2.month desc
              limit 1
            ),
            (
              '{"status":"NON_MEMBER","since":' || coalesce(to_json(null::text)::text, 'null') || ',"tier":' || coalesce(to_json(null::text)::text, 'null') || '}'
            )
          ) || ',"manager":' || coalesce(
            (
              select coalesce(
                (
                  '{"number":' || to_json(t4.number)::text || ',"name":' || to_json(t4.name)::text || '}'
                ),
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
          ) || ',"branch":' || coalesce(
            (
              select coalesce(
                (
                  '{"code":' || to_json(t5.code)::text || ',"name":' || to_json(t5.name)::text || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.branch t5
              where t5.id = t1.branch_id
            ),
            'null'
          ) || ',"accounts":[' || coalesce(
            (
              select string_agg(
                coalesce(
                  (
                    '{"number":' || to_json(t6.number)::text || ',"productClass":"' || t6.product_class || '","currency":' || to_json(t6.currency)::text || ',"balance":"' || t6.balance::text || '","balanceAsOf":' || coalesce('"' || t6.balance_as_of::text || '"', 'null') || '}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t6.number
              )
              from terrace.account t6
              where t6.customer_id = t1.id
              and t6.customer_id = $1::integer
            ),
            ''
          ) || '],"aumHistory":[' || coalesce(
            (
              select string_agg(
                coalesce(
                  (
                    '{"month":"' || left(t7.month::text, 7) || '","total":"' || t7.total::text || '","deposits":"' || t7.deposits::text || '","investments":"' || t7.investments::text || '","settlementFunds":"' || t7.settlement_funds::text || '","final":' || (t7.final)::text || '}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t7.month
              )
              from terrace.aum_figure t7
              where t7.customer_id = t1.id
              and t7.customer_id = $1::integer
              and t7.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
              and t7.month <= (select c.open_month from terrace.calendar c)
            ),
            ''
          ) || '],"riskSignals":' || (
            select (
              '{"nodes":[' || coalesce(
                string_agg(
                  coalesce(
                    (
                      '{"code":' || to_json(t8.code)::text || ',"severity":"' || t8.severity || '","state":"' || t8.state || '","reportedAt":"' || to_char(
                        t8.reported_at at time zone 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                      ) || '"}'
                    ),
                    '{" fault":"missing"}'
                  ),
                  ','
                  order by t8.place
                ) filter (where t8.place <= $4::integer),
                ''
              ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $4::integer)::text || '}}'
            )
            from (
              select t8.*,
              row_number() over (order by t8.id) as place
              from (
                select t8.*
                from terrace.risk_signal t8
                where t8.customer_id = t1.id
                and false
                order by t8.id
                limit $4::integer + 1
              ) t8
            ) t8
            having true
          ) || '}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.customer t1
      where t1.id = $1::integer
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
  '{"customer":' || coalesce(
    (
      select coalesce(
        (
          '{"number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"standing":' || coalesce(
            (
              select coalesce(
                (
                  '{"status":"' || t2.status || '","since":' || coalesce('"' || left(t2.since::text, 7) || '"', 'null') || ',"tier":' || coalesce(
                    (
                      select coalesce(
                        (
                          '{"code":' || to_json(t3.code)::text || ',"name":' || to_json(t3.name)::text || ',"rank":' || (t3.rank)::text || '}'
                        ),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t3
                      where t3.policy_version = t2.policy_version
                      and t3.code = t2.tier
                    ),
                    'null'
                  ) || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.standing_in_force t2
              where t2.customer_id = t1.id
              and t2.manager_id = $1::integer
              order by t2.month desc
              limit 1
            ),
            (
              '{"status":"NON_MEMBER","since":' || coalesce(to_json(null::text)::text, 'null') || ',"tier":' || coalesce(to_json(null::text)::text, 'null') || '}'
            )
          ) || ',"manager":' || coalesce(
            (
              select coalesce(
                (
                  '{"number":' || to_json(t4.number)::text || ',"name":' || to_json(t4.name)::text || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.manager t4
              where t4.id = t1.assigned_manager_id
              and t4.id = $1::integer
            ),
            'null'
          ) || ',"branch":' || coalesce(
            (
              select coalesce(
                (
                  '{"code":' || to_json(t5.code)::text || ',"name":' || to_json(t5.name)::text || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.branch t5
              where t5.id = t1.branch_id
            ),
            'null'
          ) || ',"accounts":[' || coalesce(
            (
              select string_agg(
                coalesce(
                  (
                    '{"number":' || to_json(t6.number)::text || ',"productClass":"' || t6.product_class || '","currency":' || to_json(t6.currency)::text || ',"balance":"' || t6.balance::text || '","balanceAsOf":' || coalesce('"' || t6.balance_as_of::text || '"', 'null') || '}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t6.number
              )
              from terrace.account t6
              where t6.customer_id = t1.id
              and t6.manager_id = $1::integer
            ),
            ''
          ) || '],"aumHistory":[' || coalesce(
            (
              select string_agg(
                coalesce(
                  (
                    '{"month":"' || left(t7.month::text, 7) || '","total":"' || t7.total::text || '","deposits":"' || t7.deposits::text || '","investments":"' || t7.investments::text || '","settlementFunds":"' || t7.settlement_funds::text || '","final":' || (t7.final)::text || '}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t7.month
              )
              from terrace.aum_figure t7
              where t7.customer_id = t1.id
              and t7.manager_id = $1::integer
              and t7.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
              and t7.month <= (select c.open_month from terrace.calendar c)
            ),
            ''
          ) || '],"riskSignals":' || (
            select (
              '{"nodes":[' || coalesce(
                string_agg(
                  coalesce(
                    (
                      '{"code":' || to_json(t8.code)::text || ',"severity":"' || t8.severity || '","state":"' || t8.state || '","reportedAt":"' || to_char(
                        t8.reported_at at time zone 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                      ) || '"}'
                    ),
                    '{" fault":"missing"}'
                  ),
                  ','
                  order by t8.place
                ) filter (where t8.place <= $4::integer),
                ''
              ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $4::integer)::text || '}}'
            )
            from (
              select t8.*,
              row_number() over (order by t8.id) as place
              from (
                select t8.*
                from terrace.risk_signal t8
                where t8.customer_id = t1.id
                and t8.manager_id = $1::integer
                order by t8.id
                limit $4::integer + 1
              ) t8
            ) t8
            having true
          ) || '}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.customer t1
      where t1.manager_id = $1::integer
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
  '{"customer":' || coalesce(
    (
      select coalesce(
        (
          '{"number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"standing":' || coalesce(
            (
              select coalesce(
                (
                  '{"status":"' || t2.status || '","since":' || coalesce('"' || left(t2.since::text, 7) || '"', 'null') || ',"tier":' || coalesce(
                    (
                      select coalesce(
                        (
                          '{"code":' || to_json(t3.code)::text || ',"name":' || to_json(t3.name)::text || ',"rank":' || (t3.rank)::text || '}'
                        ),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t3
                      where t3.policy_version = t2.policy_version
                      and t3.code = t2.tier
                    ),
                    'null'
                  ) || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.standing_in_force t2
              where t2.customer_id = t1.id
              and t2.branch_id = $1::integer
              order by t2.month desc
              limit 1
            ),
            (
              '{"status":"NON_MEMBER","since":' || coalesce(to_json(null::text)::text, 'null') || ',"tier":' || coalesce(to_json(null::text)::text, 'null') || '}'
            )
          ) || ',"manager":' || coalesce(
            (
              select coalesce(
                (
                  '{"number":' || to_json(t4.number)::text || ',"name":' || to_json(t4.name)::text || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.manager t4
              where t4.id = t1.assigned_manager_id
              and t4.branch_id = $1::integer
            ),
            'null'
          ) || ',"branch":' || coalesce(
            (
              select coalesce(
                (
                  '{"code":' || to_json(t5.code)::text || ',"name":' || to_json(t5.name)::text || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.branch t5
              where t5.id = t1.branch_id
            ),
            'null'
          ) || ',"accounts":[' || coalesce(
            (
              select string_agg(
                coalesce(
                  (
                    '{"number":' || to_json(t6.number)::text || ',"productClass":"' || t6.product_class || '","currency":' || to_json(t6.currency)::text || ',"balance":"' || t6.balance::text || '","balanceAsOf":' || coalesce('"' || t6.balance_as_of::text || '"', 'null') || '}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t6.number
              )
              from terrace.account t6
              where t6.customer_id = t1.id
              and t6.branch_id = $1::integer
            ),
            ''
          ) || '],"aumHistory":[' || coalesce(
            (
              select string_agg(
                coalesce(
                  (
                    '{"month":"' || left(t7.month::text, 7) || '","total":"' || t7.total::text || '","deposits":"' || t7.deposits::text || '","investments":"' || t7.investments::text || '","settlementFunds":"' || t7.settlement_funds::text || '","final":' || (t7.final)::text || '}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t7.month
              )
              from terrace.aum_figure t7
              where t7.customer_id = t1.id
              and t7.branch_id = $1::integer
              and t7.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
              and t7.month <= (select c.open_month from terrace.calendar c)
            ),
            ''
          ) || '],"riskSignals":' || (
            select (
              '{"nodes":[' || coalesce(
                string_agg(
                  coalesce(
                    (
                      '{"code":' || to_json(t8.code)::text || ',"severity":"' || t8.severity || '","state":"' || t8.state || '","reportedAt":"' || to_char(
                        t8.reported_at at time zone 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                      ) || '"}'
                    ),
                    '{" fault":"missing"}'
                  ),
                  ','
                  order by t8.place
                ) filter (where t8.place <= $4::integer),
                ''
              ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $4::integer)::text || '}}'
            )
            from (
              select t8.*,
              row_number() over (order by t8.id) as place
              from (
                select t8.*
                from terrace.risk_signal t8
                where t8.customer_id = t1.id
                and t8.branch_id = $1::integer
                order by t8.id
                limit $4::integer + 1
              ) t8
            ) t8
            having true
          ) || '}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.customer t1
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
  '{"customer":' || coalesce(
    (
      select coalesce(
        (
          '{"number":' || to_json(t1.number)::text || ',"name":' || to_json(t1.name)::text || ',"standing":' || coalesce(
            (
              select coalesce(
                (
                  '{"status":"' || t2.status || '","since":' || coalesce('"' || left(t2.since::text, 7) || '"', 'null') || ',"tier":' || coalesce(
                    (
                      select coalesce(
                        (
                          '{"code":' || to_json(t3.code)::text || ',"name":' || to_json(t3.name)::text || ',"rank":' || (t3.rank)::text || '}'
                        ),
                        '{" fault":"missing"}'
                      )
                      from terrace.tier t3
                      where t3.policy_version = t2.policy_version
                      and t3.code = t2.tier
                    ),
                    'null'
                  ) || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.standing_in_force t2
              where t2.customer_id = t1.id
              order by t2.month desc
              limit 1
            ),
            (
              '{"status":"NON_MEMBER","since":' || coalesce(to_json(null::text)::text, 'null') || ',"tier":' || coalesce(to_json(null::text)::text, 'null') || '}'
            )
          ) || ',"manager":' || coalesce(
            (
              select coalesce(
                (
                  '{"number":' || to_json(t4.number)::text || ',"name":' || to_json(t4.name)::text || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.manager t4
              where t4.id = t1.assigned_manager_id
            ),
            'null'
          ) || ',"branch":' || coalesce(
            (
              select coalesce(
                (
                  '{"code":' || to_json(t5.code)::text || ',"name":' || to_json(t5.name)::text || '}'
                ),
                '{" fault":"missing"}'
              )
              from terrace.branch t5
              where t5.id = t1.branch_id
            ),
            'null'
          ) || ',"accounts":[' || coalesce(
            (
              select string_agg(
                coalesce(
                  (
                    '{"number":' || to_json(t6.number)::text || ',"productClass":"' || t6.product_class || '","currency":' || to_json(t6.currency)::text || ',"balance":"' || t6.balance::text || '","balanceAsOf":' || coalesce('"' || t6.balance_as_of::text || '"', 'null') || '}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t6.number
              )
              from terrace.account t6
              where t6.customer_id = t1.id
            ),
            ''
          ) || '],"aumHistory":[' || coalesce(
            (
              select string_agg(
                coalesce(
                  (
                    '{"month":"' || left(t7.month::text, 7) || '","total":"' || t7.total::text || '","deposits":"' || t7.deposits::text || '","investments":"' || t7.investments::text || '","settlementFunds":"' || t7.settlement_funds::text || '","final":' || (t7.final)::text || '}'
                  ),
                  '{" fault":"missing"}'
                ),
                ','
                order by t7.month
              )
              from terrace.aum_figure t7
              where t7.customer_id = t1.id
              and t7.month > (select c.open_month from terrace.calendar c) - make_interval(months => $3::integer)
              and t7.month <= (select c.open_month from terrace.calendar c)
            ),
            ''
          ) || '],"riskSignals":' || (
            select (
              '{"nodes":[' || coalesce(
                string_agg(
                  coalesce(
                    (
                      '{"code":' || to_json(t8.code)::text || ',"severity":"' || t8.severity || '","state":"' || t8.state || '","reportedAt":"' || to_char(
                        t8.reported_at at time zone 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
                      ) || '"}'
                    ),
                    '{" fault":"missing"}'
                  ),
                  ','
                  order by t8.place
                ) filter (where t8.place <= $4::integer),
                ''
              ) || '],"pageInfo":{"hasNextPage":' || (count(*) > $4::integer)::text || '}}'
            )
            from (
              select t8.*,
              row_number() over (order by t8.id) as place
              from (
                select t8.*
                from terrace.risk_signal t8
                where t8.customer_id = t1.id
                order by t8.id
                limit $4::integer + 1
              ) t8
            ) t8
            having true
          ) || '}'
        ),
        '{" fault":"missing"}'
      )
      from terrace.customer t1
      where t1.number = $2::text
    ),
    'null'
  ) || '}'
)
end;

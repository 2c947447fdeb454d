-- manager
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  (
    select json_object(
      'signal': (
        select json_object(
          'id': encode(
            convert_to('RiskSignal:' || t2.customer_id || '.' || t2.id, 'UTF8'),
            'base64'
          ),
          'code': t2.code,
          'customer': (
            select json_object(
              'number': t3.number,
              'standing': coalesce(
                (
                  select json_object('status': t4.status returning json)
                  from terrace.standing_in_force t4
                  where t4.customer_id = t3.id
                  and t4.manager_id = $1::integer
                  order by t4.month desc
                  limit 1
                ),
                json_object('status': 'NON_MEMBER' returning json)
              ),
              'accounts': coalesce(
                (
                  select json_agg(
                    json_object('number': t5.number, 'balance': t5.balance::text returning json)
                    order by t5.number
                  )
                  from terrace.account t5
                  where t5.customer_id = t3.id
                  and t5.manager_id = $1::integer
                ),
                '[]'::json
              ) returning json
            )
            from terrace.customer t3
            where t3.id = t2.customer_id
            and t3.manager_id = $1::integer
          ),
          'reportedBy': (
            select json_object('number': t6.number returning json)
            from terrace.manager t6
            where t6.id = t2.reporter_id
            and t6.id = $1::integer
          ) returning json
        )
        from terrace.risk_signal t2
        where t2.customer_id = t1.customer_id
        and t2.id = t1.signal_id
        and t2.manager_id = $1::integer
      ),
      'errors': coalesce(
        (
          select json_agg(json_object('code': t7.code returning json) order by t7.ordinality)
          from rows
          from (
            jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
          ) with ordinality t7
        ),
        '[]'::json
      ) returning json
    )
    from jsonb_to_record($2::jsonb) as t1(customer_id integer, signal_id integer, errors jsonb)
  )
)::text
end;

-- branch
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  (
    select json_object(
      'signal': (
        select json_object(
          'id': encode(
            convert_to('RiskSignal:' || t2.customer_id || '.' || t2.id, 'UTF8'),
            'base64'
          ),
          'code': t2.code,
          'customer': (
            select json_object(
              'number': t3.number,
              'standing': coalesce(
                (
                  select json_object('status': t4.status returning json)
                  from terrace.standing_in_force t4
                  where t4.customer_id = t3.id
                  and t4.branch_id = $1::integer
                  order by t4.month desc
                  limit 1
                ),
                json_object('status': 'NON_MEMBER' returning json)
              ),
              'accounts': coalesce(
                (
                  select json_agg(
                    json_object('number': t5.number, 'balance': t5.balance::text returning json)
                    order by t5.number
                  )
                  from terrace.account t5
                  where t5.customer_id = t3.id
                  and t5.branch_id = $1::integer
                ),
                '[]'::json
              ) returning json
            )
            from terrace.customer t3
            where t3.id = t2.customer_id
            and t3.branch_id = $1::integer
          ),
          'reportedBy': (
            select json_object('number': t6.number returning json)
            from terrace.manager t6
            where t6.id = t2.reporter_id
            and t6.branch_id = $1::integer
          ) returning json
        )
        from terrace.risk_signal t2
        where t2.customer_id = t1.customer_id
        and t2.id = t1.signal_id
        and t2.branch_id = $1::integer
      ),
      'errors': coalesce(
        (
          select json_agg(json_object('code': t7.code returning json) order by t7.ordinality)
          from rows
          from (
            jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
          ) with ordinality t7
        ),
        '[]'::json
      ) returning json
    )
    from jsonb_to_record($2::jsonb) as t1(customer_id integer, signal_id integer, errors jsonb)
  )
)::text
end;

-- all
select
case
when set_config('app.id', $1::integer::text, true) is not null then (
  (
    select json_object(
      'signal': (
        select json_object(
          'id': encode(
            convert_to('RiskSignal:' || t2.customer_id || '.' || t2.id, 'UTF8'),
            'base64'
          ),
          'code': t2.code,
          'customer': (
            select json_object(
              'number': t3.number,
              'standing': coalesce(
                (
                  select json_object('status': t4.status returning json)
                  from terrace.standing_in_force t4
                  where t4.customer_id = t3.id
                  order by t4.month desc
                  limit 1
                ),
                json_object('status': 'NON_MEMBER' returning json)
              ),
              'accounts': coalesce(
                (
                  select json_agg(
                    json_object('number': t5.number, 'balance': t5.balance::text returning json)
                    order by t5.number
                  )
                  from terrace.account t5
                  where t5.customer_id = t3.id
                ),
                '[]'::json
              ) returning json
            )
            from terrace.customer t3
            where t3.id = t2.customer_id
          ),
          'reportedBy': (
            select json_object('number': t6.number returning json)
            from terrace.manager t6
            where t6.id = t2.reporter_id
          ) returning json
        )
        from terrace.risk_signal t2
        where t2.customer_id = t1.customer_id
        and t2.id = t1.signal_id
      ),
      'errors': coalesce(
        (
          select json_agg(json_object('code': t7.code returning json) order by t7.ordinality)
          from rows
          from (
            jsonb_to_recordset(t1.errors) as (field jsonb, code text, message text)
          ) with ordinality t7
        ),
        '[]'::json
      ) returning json
    )
    from jsonb_to_record($2::jsonb) as t1(customer_id integer, signal_id integer, errors jsonb)
  )
)::text
end;

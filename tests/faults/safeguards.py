"""What keeps the write path right, each with what goes red without it.

`python -m tests.faults.without NAME ...` takes a safeguard out of a copy of the tree and runs its
proof there; `--all` does so for the whole list. A proof is a test, or a scenario with a dose.
"""

from tests.faults.safeguard import Safeguard
from tests.faults.safeguards_of_decisions import DECISIONS

LEDGER, CLOSING, FIGURES = (f"repository/sql/{n}.sql" for n in ("ledger", "closing", "figures"))

TRAIL = "repository/migrations/0024_sealed_audit_trail.sql"

SAFEGUARDS = {
    "claim": Safeguard(
        "a mark set while its customer is recomputed is not removed with the old one",
        FIGURES,
        "for update of d skip locked for no key update of c skip locked;",
        ";",
        "tests/flows/test_worst_day.py::test_an_update_between_claim_and_recompute_is_not_lost",
    ),
    "mark": Safeguard(
        "a mark holds its customer, also one that is dirty already, until what came can be seen",
        FIGURES,
        """on conflict (customer_id) do update
set from_month = least(terrace.dirty.from_month, excluded.from_month),
    tries = 0, retry_at = null, quarantined = false
where terrace.dirty.from_month > excluded.from_month or terrace.dirty.tries > 0
""",
        "on conflict (customer_id) do nothing\n",
        "tests/workers/test_recompute.py::"
        "test_a_customer_who_is_dirty_already_is_not_caught_up_with_before_the_new_can_be_seen",
    ),
    "idempotency": Safeguard(
        "a request sent again is answered and not done again",
        "repository/ledger.py",
        "            if not fresh:\n",
        "            if fresh is None and False:\n",
        "api-kills 0.02",
    ),
    "journal-once": Safeguard(
        "an update id that is known has no second effect",
        LEDGER,
        "when update_id is not null then time_of_id = 1 and not exists (",
        "when update_id is not null then true or not exists (",
        "tests/flows/test_recording.py::test_an_update_id_seen_again_has_no_second_effect",
    ),
    "share-ledger": Safeguard(
        "the calendar stands still while balances are recorded",
        "repository/calendar.py",
        '    await connection.execute(sql("share_ledger"))\n',
        "",
        "tests/workers/test_races_of_records.py::test_a_cutoff_waits_for_the_balances_under_way",
    ),
    "place": Safeguard(
        "the order of held updates is that of their acceptance, not of a clock",
        LEDGER,
        "later.entry > h.entry and not later.held",
        "later.recorded_at > (select u.recorded_at from terrace.balance_update u where "
        "(u.customer_id, u.account_id, u.as_of, u.entry) "
        "= (h.customer_id, h.account_id, h.as_of, h.entry)) and not later.held",
        "tests/workers/test_races_of_records.py::"
        "test_a_clock_that_is_set_back_makes_no_held_update_the_newer_one",
    ),
    "held": Safeguard(
        "an update for the month being closed waits for the end of the close",
        LEDGER,
        "as_of <= $6::date as held,",
        "as_of <= $6::date and false as held,",
        "tests/flows/test_closing.py::"
        "test_updates_for_the_month_being_closed_wait_and_become_corrections",
    ),
    "epoch": Safeguard(
        "a closer of a failed run writes nothing any more",
        CLOSING,
        "and r.epoch = $2 and r.state = 'RUNNING' for share",
        "and $2::integer is not null and r.state = 'RUNNING' for share",
        "tests/flows/test_close_verification.py::"
        "test_a_closer_of_a_failed_run_can_write_nothing_any_more",
    ),
    "before-judging": Safeguard(
        "nobody is corrected for a close that has judged the customer",
        CLOSING,
        "where month = $1::date and state = 'CUTOFF' for share;",
        "where month = $1::date for share;",
        "tests/workers/test_races_of_closes.py::"
        "test_who_is_marked_after_the_judgement_is_left_until_the_month_is_published",
    ),
    "resum": Safeguard(
        "a chunk's total is what the ledger gives in another way",
        "workers/close.py",
        "        or found.total != found.again\n        or found.differs is not None\n",
        "",
        "tests/flows/test_close_verification.py::"
        "test_a_close_whose_sums_disagree_publishes_nothing",
    ),
    "counted": Safeguard(
        "a close that lost a standing is not published",
        "repository/sql/judging.sql",
        " or k.customers <> standings.count",
        "",
        "tests/flows/test_close_verification.py::"
        "test_a_close_that_lost_a_standing_is_not_published",
    ),
    "chunk-done": Safeguard(
        "a chunk is marked in the transaction that judges it",
        CLOSING,
        "where k.month = $1::date and not k.done\n",
        "where k.month = $1::date and (not k.done or random() < 0.3)\n",
        "close-kills 0.05",
    ),
    "one-relay": Safeguard(
        "one relay at a time gives positions",
        "repository/sql/relay.sql",
        "select pg_advisory_xact_lock(7000003);",
        "select true;",
        "tests/workers/test_relay.py::test_a_second_relay_leaves_the_events_to_the_first",
    ),
    "published-only": Safeguard(
        "events of a month wait for its close",
        "repository/sql/relay.sql",
        "and (t.closed_month is null or t.closed_month <= c.last_closed)",
        "",
        "tests/workers/test_relay.py::test_events_wait_for_the_close_of_their_month",
    ),
    "one-by-one": Safeguard(
        "a customer who fails does not hold up the others",
        "workers/recompute.py",
        "            batch = await _one_by_one(database, limit, up_to)",
        "            raise",
        "poison 0.05",
    ),
    "quarantine": Safeguard(
        "a customer who fails five times is set aside",
        FIGURES,
        "quarantined = tries + 1 >= 5",
        "quarantined = false",
        "poison 0.05",
    ),
    "lost-session": Safeguard(
        "a lost session is no customer's failure",
        "workers/recompute.py",
        "lost(error)",
        "False",
        "tests/workers/test_recompute.py::test_a_session_that_is_lost_is_no_customers_failure",
    ),
    "unavailable": Safeguard(
        "a lost session is answered as UNAVAILABLE",
        "repository/database.py",
        "    asyncpg.InternalClientError,",
        "    asyncpg.InterfaceError,",
        "tests/repository/test_database.py",
    ),
    "look-every-second": Safeguard(
        "work is looked for also when no wake-up comes",
        "workers/process.py",
        "async with asyncio.timeout(self._settings.poll_seconds):",
        "async with asyncio.timeout(None):",
        "poison 0.05",
    ),
    "one-replay": Safeguard(
        "late balances of a month are weighed together, in whatever order they come",
        "repository/correcting.py",
        "    if applied:\n",
        "    if applied and False:\n",
        "tests/flows/test_corrections.py",
    ),
    "allowed-as-seen": Safeguard(
        "a worse correction is put in force as it was seen, or not at all",
        "repository/reviewing.py",
        """(payload["figures"], payload["after"]):
        raise""",
        """(payload["figures"], payload["after"]) and False:
        raise""",
        "tests/flows/test_reviewing.py",
    ),
    "allowed-stays": Safeguard(
        "what two people have allowed stands while a look comes to the very same",
        "repository/correcting.py",
        "by = approved_by or next((one.approved_by for one in same if one.approved_by), None)",
        "by = approved_by",
        "tests/flows/test_reviewing.py",
    ),
    "allowed-alone": Safeguard(
        "what was allowed is one result: another one that is worse needs a review of its own",
        "repository/correcting.py",
        "same = [one for one in earlier if one.told == told]",
        "same = list(earlier)",
        "tests/flows/test_reviewing.py",
    ),
    "late-and-unseen": Safeguard(
        "a correction is not put in force over late balances that nobody has caught up with",
        "repository/reviewing.py",
        "    return min(corrected, max(Month.of(day), calendar.first_month))",
        "    return corrected",
        "tests/flows/test_reviewing.py",
    ),
    "as-named": Safeguard(
        "a portfolio is handed over with all who were named, or not at all",
        "repository/handover.py",
        "    if astray:\n",
        "    if astray and False:\n",
        "tests/flows/test_handover.py",
    ),
    "held-customer": Safeguard(
        "a customer held elsewhere keeps no other customer waiting",
        FIGURES,
        " for no key update of c skip locked;",
        ";",
        "tests/workers/test_held_elsewhere.py",
    ),
    "given-up": Safeguard(
        "a transaction that is given up does not wait for a server that has fallen silent",
        "repository/database.py",
        "async with asyncio.timeout(_CLOSE_SECONDS):\n            await transaction",
        "async with asyncio.timeout(None):\n            await transaction",
        "tests/repository/test_database.py",
    ),
    "frozen-holder": Safeguard(
        "who is frozen amid a transaction holds nothing for longer than a minute",
        "repository/database.py",
        '    "idle_in_transaction_session_timeout": "60s",\n',
        "",
        "tests/repository/test_database.py",
    ),
    "hearing": Safeguard(
        "wake-ups are heard again though Redis went while one was run",
        "workers/wakeups.py",
        "OSError, TimeoutError, asyncio.CancelledError):",
        "OSError, TimeoutError):",
        "tests/workers/test_wakeups.py",
    ),
    "told-to-end": Safeguard(
        "a loop that is told to end ends, though it is woken at that moment",
        "workers/process.py",
        """            end_if_told_to()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_seconds):
                    await due.wait()
""",
        """            with suppress(TimeoutError):
                await asyncio.wait_for(due.wait(), self._settings.poll_seconds)
""",
        "tests/workers/test_process.py",
    ),
    "figure-known": Safeguard(
        "a preview judges a month by the figure that its close knew, not by a later one",
        "repository/past.py",
        "known = [*replaced.get(month, ()), *known]",
        "pass",
        "tests/repository/test_previewing.py",
    ),
    "figure-known-in-sql": Safeguard(
        "nor does SQL, where it tells apart whom nothing happens to",
        "repository/sql/previews.sql",
        "from terrace.replaced_aum r where r.customer_id between $1 and $2",
        "from terrace.replaced_aum r where false",
        "tests/repository/test_previewing.py",
    ),
    "append-only": Safeguard(
        "not even a superuser changes a line of audit or a seal in passing",
        TRAIL,
        "alter table terrace.%I enable always trigger refuse_change",
        "alter table terrace.%I enable trigger refuse_change",
        "tests/repository/test_sealing.py",
    ),
    "insert-only": Safeguard(
        "who writes lines of audit says neither when nor which number, and reads none",
        TRAIL,
        "    execute format('revoke all on terrace.%I from terrace_writer', table_name);\n",
        "",
        "tests/repository/test_sealing.py",
    ),
    "seal-after-commit": Safeguard(
        "a line is sealed when it is committed, whatever its number",
        "repository/sql/chain.sql",
        "where not exists (select from terrace.audit_seal sealed where sealed.audit_id = u.id)",
        "where u.id > (select coalesce(max(sealed.audit_id), 0) from terrace.audit_seal sealed)",
        "tests/repository/test_sealing.py",
    ),
    "strays": Safeguard(
        "a line that was put in past the chain is found",
        "repository/verification.py",
        """        if found is not None and found["stray"] is not None:
""",
        """        if found is None:
""",
        "tests/repository/test_verification.py",
    ),
    "anchors": Safeguard(
        "a chain that was computed anew is not that of an anchor",
        "repository/verification.py",
        "    if anchor is not None and anchor != link:\n",
        "    if anchor is not None and anchor.position != link.position:\n",
        "tests/repository/test_verification.py",
    ),
    **DECISIONS,
}

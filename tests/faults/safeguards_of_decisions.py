"""What keeps decisions right: previews, months opened again, two people, tiers by hand."""

from tests.faults.safeguard import Safeguard

DECISIONS = {
    "preview-unfinished": Safeguard(
        "no customer of a preview is seen before all are judged",
        "schema/types/tier_policy_preview.py",
        "case when {t}.state = 'DONE' then {t}.id end",
        "{t}.id",
        "tests/flows/test_previews.py",
    ),
    "preview-ground": Safeguard(
        "a preview says so when a correction was taken back since",
        "repository/sql/standings.sql",
        "(select nextval('terrace.corrections_made'))\nupdate",
        "(select 1)\nupdate",
        "tests/flows/test_previews.py",
    ),
    "preview-cancelled": Safeguard(
        "nothing more is judged of a preview that was cancelled",
        "repository/sql/previews.sql",
        "where p.id = $1 and p.state = 'RUNNING')\norder",
        "where p.id = $1)\norder",
        "tests/flows/test_previews.py",
    ),
    "revoked-in-time": Safeguard(
        "a grant revoked while the business date is ahead is not valid again after the close",
        "repository/special.py",
        "    day = effective_day(business_date, open_month)\n    for row in rows",
        "    day = business_date\n    for row in rows",
        "tests/flows/test_special_vip.py",
    ),
    "events-kept": Safeguard(
        "an event that waits for its position is not lost when its close is taken back",
        "repository/sql/reopening.sql",
        "set closed_month = null where closed_month = $1::date;",
        "set closed_month = closed_month where closed_month = $1::date;",
        "tests/workers/test_races_of_reopening.py",
    ),
    "lived-again": Safeguard(
        "what happened on days of a month shows again when that opens again",
        "repository/closing.py",
        "        await live_again(connection, month.next())\n",
        "        pass\n",
        "tests/flows/test_reopening.py",
    ),
    "known-by-then": Safeguard(
        "a close that is done again judges by what was known on the month's last day",
        "workers/close.py",
        "happenings.grants_known_on(month.last_day)",
        "happenings.grants",
        "tests/flows/test_reopening.py",
    ),
    "late-again": Safeguard(
        "what came late for a month that is opened again is in it",
        "repository/reopening.py",
        """    await connection.execute(sql("mark_corrected"), following.first_day)\n""",
        "",
        "tests/flows/test_reopening.py",
    ),
    "carried-feed": Safeguard(
        "a figure that lacks a feed is not taken for complete",
        "repository/sql/judging.sql",
        "    or chunk.id in ({lacking_feed})\n",
        "",
        "tests/flows/test_feeds.py",
    ),
    "two-people": Safeguard(
        "nobody allows what one has asked for oneself, in whatever role",
        "repository/approvals.py",
        "    if _may_be_the_maker(request, actor):\n",
        "    if False:\n",
        "tests/flows/test_approvals.py::test_nobody_decides_what_one_has_asked_for_oneself",
    ),
    "two-people-in-the-database": Safeguard(
        "the database does not take a decision of the maker's",
        "repository/migrations/0026_approvals.sql",
        "check (state not in ('APPROVED', 'REJECTED') or checker <> maker)",
        "check (true)",
        "tests/flows/test_approvals.py::test_the_database_refuses_what_the_program_should_not_try",
    ),
    "decided-once": Safeguard(
        "a request takes one step, also if the program tries another",
        "repository/migrations/0026_approvals.sql",
        "    if old.state <> 'PENDING' and (",
        "    if false and (",
        "tests/flows/test_approvals.py::test_the_database_refuses_what_the_program_should_not_try",
    ),
    "what-was-looked-at": Safeguard(
        "what would do something else by now is looked at again",
        "repository/approvals.py",
        '        if digest(now) != request["basis"]:\n',
        "        if False:\n",
        "tests/flows/test_approvals.py::test_what_is_allowed_is_what_was_asked_for_and_looked_at",
    ),
    "marks-of-everybody": Safeguard(
        "an effect on everybody is computed anew when what it follows from has changed",
        "repository/approvals.py",
        '            digest(marks) != request["basis"]\n',
        "            False\n",
        "tests/flows/test_approvals_of_everybody.py::"
        "test_a_policy_is_published_when_its_effect_was_seen",
    ),
    "tiers-by-hand-in-replays": Safeguard(
        "a correction of an earlier month takes no tier away that was set by hand",
        "repository/happenings.py",
        '    return replace(known, tiers=(*known.tiers, ManualTier(row["day"], row["tier"])))\n',
        "    return known\n",
        "tests/flows/test_manual_tier.py",
    ),
    "tiers-by-hand-beside-corrections": Safeguard(
        "a tier by hand is set in what the close goes on from as well",
        "repository/manual_tier.py",
        "    if weighed.replayed is not None:\n",
        "    if False:\n",
        "tests/flows/test_manual_tier.py",
    ),
}

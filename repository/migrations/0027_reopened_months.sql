-- A close that two people have decided to take back: its month is the open one again, and is closed
-- again later under another epoch. Until then nothing of that run is in force, as of one that failed.
alter table terrace.close_run
    drop constraint close_run_state_check,
    add constraint close_run_state_check
        check (state in ('CUTOFF', 'RUNNING', 'CLOSED', 'FAILED', 'REOPENED'));

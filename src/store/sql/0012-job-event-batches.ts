// Events that came together stand in one row: jobs that were taken, started or finished in one transaction say the same but for whose
// they are, and a row for each was a seventh of all that a commit wrote. The view shows them one by one, as the table did.

export const JOB_EVENT_BATCHES_SQL = `
CREATE TABLE job_event_batches (
  -- Number of the last event. It grows without end: pruning always leaves the newest row, so max(seq) + 1 is never used twice.
  seq INTEGER PRIMARY KEY,
  -- JSON: ids of the jobs, one after the other
  jobs TEXT NOT NULL,
  -- JSON: what each of them came to, one after the other: type, state, progress, step, error code
  told TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
INSERT INTO job_event_batches (seq, jobs, told, at)
  SELECT seq, json_array(job_id), json_array(json_array(type, state, progress, step, error_code)), at
  FROM job_events ORDER BY seq;
DROP TABLE job_events;
CREATE VIEW job_events AS
  SELECT seq - json_array_length(jobs) * json_array_length(told) + 1 + j.key * json_array_length(told) + t.key AS seq,
    j.value AS job_id, t.value ->> 0 AS type, t.value ->> 1 AS state, t.value ->> 2 AS progress, t.value ->> 3 AS step,
    t.value ->> 4 AS error_code, at
  FROM job_event_batches CROSS JOIN json_each(jobs) AS j CROSS JOIN json_each(told) AS t;
`

DROP TABLE lab_runs;
DELETE FROM counters WHERE name = 'lab-run';

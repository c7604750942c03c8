-- Runs of papers' methods that were asked for here.
CREATE TABLE lab_runs (
    id INTEGER PRIMARY KEY,
    method TEXT NOT NULL,        -- the method's short name in the lab
    scale TEXT NOT NULL,
    seed BIGINT NOT NULL,
    state TEXT NOT NULL,         -- waiting, running, done, failed or cancelled
    asked BIGINT NOT NULL,
    started BIGINT,
    ended BIGINT,
    beat BIGINT NOT NULL,        -- when its runner was last heard of; 0 while waiting
    done BIGINT NOT NULL,        -- progress, in thousandths
    doing TEXT NOT NULL,         -- what it does, or why it failed
    outcome TEXT                 -- the lab's own JSON, once done
);
CREATE INDEX lab_runs_by_method ON lab_runs (method, id);
CREATE INDEX lab_runs_by_state ON lab_runs (state, id);
INSERT INTO counters (name, value) VALUES ('lab-run', 0);

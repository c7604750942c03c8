-- What is usual for each signal in each field, as fitted last. The empty field is all fields together.
CREATE TABLE trend_priors (
    signal TEXT NOT NULL,
    field TEXT NOT NULL,
    alpha DOUBLE PRECISION NOT NULL,
    beta DOUBLE PRECISION NOT NULL,
    unit DOUBLE PRECISION NOT NULL,
    papers BIGINT NOT NULL,       -- from how many papers' readings
    fitted BIGINT NOT NULL,       -- moment, the same in every row
    PRIMARY KEY (signal, field)
);

-- Lists of a day, a week or a month whose time is over: their order stands.
CREATE TABLE closed_windows (
    kind BIGINT NOT NULL,         -- 0 day, 1 week, 2 month
    first_day BIGINT NOT NULL,
    closed BIGINT NOT NULL,       -- moment
    PRIMARY KEY (kind, first_day)
);

-- The papers of a closed list by place, from 1. What came after the closing stands at the end.
CREATE TABLE closed_entries (
    kind BIGINT NOT NULL,
    first_day BIGINT NOT NULL,
    place BIGINT NOT NULL,
    paper INTEGER NOT NULL,
    added BIGINT,                 -- moment of a late arrival; none: it was there at the closing
    PRIMARY KEY (kind, first_day, place)
);
CREATE UNIQUE INDEX closed_entries_by_paper ON closed_entries (paper, kind, first_day);

-- One line per announcement of one category by one source.
CREATE TABLE batches (
    source TEXT NOT NULL,
    category TEXT NOT NULL,
    day BIGINT NOT NULL,
    expected BIGINT,
    received BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    set_aside BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    state TEXT NOT NULL,
    settled BIGINT NOT NULL,      -- 1 when backfill has nothing more to do
    reason TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    checked BIGINT NOT NULL,
    PRIMARY KEY (source, category, day)
);
CREATE INDEX batches_by_day ON batches (day, settled);

-- Fingerprints of batches' ids: a source that repeats itself is found by them.
CREATE TABLE batch_digests (
    source TEXT NOT NULL,
    category TEXT NOT NULL,
    day BIGINT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (source, category, day)
);

-- Which papers a batch announced, and how.
CREATE TABLE announcements (
    source TEXT NOT NULL,
    category TEXT NOT NULL,
    day BIGINT NOT NULL,
    paper INTEGER NOT NULL REFERENCES papers (id),
    kind TEXT NOT NULL,
    PRIMARY KEY (source, category, day, paper)
);
CREATE INDEX announcements_by_paper ON announcements (paper);

-- Records that could not be read.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,  -- SHA-256 of source, place and bytes: the same record is set aside once
    source TEXT NOT NULL,
    format TEXT NOT NULL,
    place TEXT NOT NULL,
    reason TEXT NOT NULL,
    bytes TEXT NOT NULL,          -- hexadecimal: the one form of bytes that both engines spell alike
    at BIGINT NOT NULL
);

-- How far imports of files have come.
CREATE TABLE checkpoints (
    file TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    records BIGINT NOT NULL,
    done BIGINT NOT NULL,         -- 0 or 1
    updated BIGINT NOT NULL
);

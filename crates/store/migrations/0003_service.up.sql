-- When each host may be called next.
CREATE TABLE hosts (
    host TEXT PRIMARY KEY,
    reserved BIGINT NOT NULL,     -- moment of the newest reserved call
    cool_until BIGINT NOT NULL,   -- no call before this moment
    why TEXT NOT NULL             -- reason of the cool-down, or empty
);

-- Validators of the last answer from an address.
CREATE TABLE validators (
    url TEXT PRIMARY KEY,
    etag TEXT,
    last_modified TEXT,
    updated BIGINT NOT NULL
);

-- Small named values.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Work to be done later, taken with a lease.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    unique_key TEXT UNIQUE,       -- a second job of the same key is not taken in while the first is waiting
    payload TEXT NOT NULL,
    run_at BIGINT,                -- none: given up
    attempts BIGINT NOT NULL,
    locked_until BIGINT NOT NULL, -- end of the lease of whoever took it; 0 when nobody has
    last_error TEXT NOT NULL
);
CREATE INDEX jobs_by_time ON jobs (run_at);

-- Numbers given out by us, so that both engines number alike. Advanced inside the transaction that uses them.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('paper', 0), ('seq', 0), ('quarantine', 0), ('job', 0);

-- A paper's current state. Long texts come last: a reader of the short columns need not pass over them.
CREATE TABLE papers (
    id INTEGER PRIMARY KEY,
    seq BIGINT NOT NULL,          -- change number of the last change
    title_key BIGINT NOT NULL,    -- fingerprint of the folded title, 64 bits as a signed number
    listed_day BIGINT NOT NULL,   -- day on whose list it stands; -1000000 when it has none
    id_order BIGINT NOT NULL,     -- grows with the issuer's numbering: breaks ties between equal votes and evidence
    votes BIGINT NOT NULL,
    evidence BIGINT NOT NULL,
    comments BIGINT NOT NULL,
    stars BIGINT,
    withdrawn BIGINT NOT NULL,    -- 0 or 1
    submitted BIGINT,
    announced BIGINT,
    updated BIGINT,
    featured BIGINT,
    authors_total BIGINT,
    text_sources TEXT NOT NULL,   -- of title, abstract, authors, categories; one word when all are the same
    categories TEXT NOT NULL,     -- separated by spaces, primary first
    tags TEXT NOT NULL,           -- JSON array, or empty
    versions TEXT NOT NULL,       -- JSON array of [number, submitted], or empty
    summary TEXT,
    summary_by TEXT,
    comment TEXT,
    journal_ref TEXT,
    license TEXT,
    title TEXT NOT NULL,
    authors TEXT NOT NULL,        -- JSON array of "name" or ["name", "affiliation"], or empty
    abstract TEXT NOT NULL
);
CREATE INDEX papers_by_day ON papers (listed_day, votes, evidence, id_order, id);
CREATE INDEX papers_by_title ON papers (title_key);
CREATE UNIQUE INDEX papers_by_seq ON papers (seq);

-- Every id by which a paper is known, as scheme:value.
CREATE TABLE paper_ids (
    external TEXT PRIMARY KEY,
    paper INTEGER NOT NULL REFERENCES papers (id)
);
CREATE INDEX paper_ids_by_paper ON paper_ids (paper);

-- The lists in which a paper stands beside the list of its day, in the order of the list.
-- Derived from papers and kept in step with it, so that a page of a list is one walk along the key.
CREATE TABLE list_entries (
    kind BIGINT NOT NULL,         -- 0 category, 1 tag
    name TEXT NOT NULL,
    listed_day BIGINT NOT NULL,
    votes BIGINT NOT NULL,
    evidence BIGINT NOT NULL,
    id_order BIGINT NOT NULL,
    paper INTEGER NOT NULL,
    PRIMARY KEY (kind, name, listed_day, votes, evidence, id_order, paper)
);

-- Claims: somebody said that this paper has this link.
CREATE TABLE links (
    paper INTEGER NOT NULL REFERENCES papers (id),
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    source TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (paper, kind, url)
);

-- Running totals over time. No value: the reading failed.
CREATE TABLE readings (
    paper INTEGER NOT NULL REFERENCES papers (id),
    signal TEXT NOT NULL,
    at BIGINT NOT NULL,
    value BIGINT,
    PRIMARY KEY (paper, signal, at)
);
CREATE INDEX readings_by_time ON readings (at, paper);

-- Who spoke of a paper, when first, and when they last brought a change.
CREATE TABLE provenance (
    paper INTEGER NOT NULL REFERENCES papers (id),
    source TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_changed BIGINT NOT NULL,
    PRIMARY KEY (paper, source)
);

-- Papers merged into others, for whoever follows the change numbers.
CREATE TABLE gone (
    seq BIGINT PRIMARY KEY,
    paper INTEGER NOT NULL
);

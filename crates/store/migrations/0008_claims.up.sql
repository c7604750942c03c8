INSERT INTO counters (name, value)
    VALUES ('collection', 0), ('submission', 0), ('claim', 0), ('webhook', 0), ('delivery', 0);

-- Lists of papers that a person keeps in an order of their own.
CREATE TABLE collections (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES users (id),
    slug TEXT NOT NULL,              -- in the address; made of the title, or chosen
    title TEXT NOT NULL,
    note TEXT NOT NULL,
    visibility TEXT NOT NULL,        -- private, shared, public
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    UNIQUE (account, slug)
);
CREATE INDEX collections_by_change ON collections (visibility, changed);

CREATE TABLE collection_items (
    collection INTEGER NOT NULL REFERENCES collections (id),
    paper INTEGER NOT NULL REFERENCES papers (id),
    position BIGINT NOT NULL,
    note TEXT NOT NULL,
    account INTEGER REFERENCES users (id),  -- who added it; none after that account went
    at BIGINT NOT NULL,
    PRIMARY KEY (collection, paper)
);
CREATE INDEX collection_items_by_place ON collection_items (collection, position);
CREATE INDEX collection_items_by_paper ON collection_items (paper);

-- Who else may see and change a shared collection.
CREATE TABLE collection_members (
    collection INTEGER NOT NULL REFERENCES collections (id),
    account INTEGER NOT NULL REFERENCES users (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (collection, account)
);
CREATE INDEX collection_members_by_account ON collection_members (account);

-- Papers that people asked for.
CREATE TABLE submissions (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES users (id),
    typed TEXT NOT NULL,
    external TEXT NOT NULL,          -- the id that was read from it, as scheme:value
    paper INTEGER REFERENCES papers (id),
    state TEXT NOT NULL,             -- waiting, taken, refused
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX submissions_by_account ON submissions (account, at);
CREATE INDEX submissions_by_external ON submissions (external, state);
CREATE INDEX submissions_by_paper ON submissions (paper);

-- "I am an author of this paper."
CREATE TABLE authorship_claims (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES users (id),
    paper INTEGER NOT NULL REFERENCES papers (id),
    author TEXT NOT NULL,            -- the name as printed
    words TEXT NOT NULL,             -- what the person says for it
    state TEXT NOT NULL,             -- pending, approved, refused
    at BIGINT NOT NULL,
    decided BIGINT,
    decided_by INTEGER REFERENCES users (id),
    reason TEXT NOT NULL
);
CREATE INDEX authorship_by_account ON authorship_claims (account, state);
CREATE INDEX authorship_by_paper ON authorship_claims (paper, state);
CREATE INDEX authorship_by_state ON authorship_claims (state, id);

-- What people said a paper has: links and tags. Rows are only added; the newest of a thing says how it stands.
CREATE TABLE paper_claims (
    id INTEGER PRIMARY KEY,
    paper INTEGER NOT NULL REFERENCES papers (id),
    kind TEXT NOT NULL,              -- code, project, data, model; tag
    value TEXT NOT NULL,             -- the address, or the tag
    act TEXT NOT NULL,               -- added, withdrawn, removed
    account INTEGER REFERENCES users (id),  -- who did it; none after that account went
    at BIGINT NOT NULL,
    reason TEXT NOT NULL             -- of a removal
);
CREATE INDEX paper_claims_by_paper ON paper_claims (paper, id);
CREATE INDEX paper_claims_by_account ON paper_claims (account, at);

-- What moderators decided about claims.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    moderator INTEGER REFERENCES users (id),
    act TEXT NOT NULL,               -- approved, refused, revoked, removed
    paper INTEGER NOT NULL REFERENCES papers (id),
    account INTEGER REFERENCES users (id),  -- whose claim it was
    about TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX decisions_by_paper ON decisions (paper);

-- Addresses that are told of new papers.
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES users (id),
    url TEXT NOT NULL,
    secret TEXT NOT NULL,            -- signs what is sent, so it is kept as it is
    query TEXT NOT NULL,             -- in the search language; empty for all papers
    created BIGINT NOT NULL,
    seq BIGINT NOT NULL,             -- change number up to which papers were looked at
    paused BIGINT,                   -- since when nothing is sent
    failures BIGINT NOT NULL,        -- in a row
    last_status TEXT NOT NULL
);
CREATE INDEX webhooks_by_account ON webhooks (account);

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    webhook INTEGER NOT NULL REFERENCES webhooks (id),
    state TEXT NOT NULL,             -- waiting, sent, failed
    papers BIGINT NOT NULL,          -- how many it tells of; 0 for a test
    payload TEXT NOT NULL,           -- the body as it is signed and sent, the same at each attempt
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    created BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, id);
CREATE INDEX deliveries_by_time ON deliveries (state, next_at);

-- What a webhook was told of, so that a paper is told of once.
CREATE TABLE webhook_papers (
    webhook INTEGER NOT NULL REFERENCES webhooks (id),
    paper INTEGER NOT NULL REFERENCES papers (id),
    delivery INTEGER NOT NULL,
    PRIMARY KEY (webhook, paper)
);
CREATE INDEX webhook_papers_by_paper ON webhook_papers (paper);

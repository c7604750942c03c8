INSERT INTO counters (name, value) VALUES ('reader', 0), ('subscription', 0), ('letter', 0), ('edition', 0);

-- Who gets mail: an address with its subscriptions.
CREATE TABLE readers (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE,   -- the address in lower case: one person is one reader
    created BIGINT NOT NULL,
    asked BIGINT NOT NULL,              -- letters that were asked for over the site since asked_since
    asked_since BIGINT NOT NULL,
    refusals BIGINT NOT NULL,           -- permanent refusals in a row, one a day at most
    refused BIGINT,                     -- moment of the last of them
    complaints BIGINT NOT NULL,
    touched BIGINT NOT NULL             -- when the reader, or somebody in their name, last did anything
);

-- Addresses that are never written to, whoever asks.
CREATE TABLE suppressions (
    address_key TEXT PRIMARY KEY,
    why TEXT NOT NULL,                  -- bounce, complaint, operator
    note TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY,
    reader INTEGER NOT NULL REFERENCES readers (id),
    state TEXT NOT NULL,                -- pending, active, paused
    scope TEXT NOT NULL,                -- all, categories, query
    scope_text TEXT NOT NULL,           -- categories separated by spaces, or the query
    rhythm TEXT NOT NULL,               -- daily, weekly
    days BIGINT NOT NULL,               -- seven bits, Monday the lowest
    hour BIGINT NOT NULL,
    zone TEXT NOT NULL,
    papers_max BIGINT NOT NULL,
    say_nothing BIGINT NOT NULL,        -- 0 or 1
    created BIGINT NOT NULL,
    next_at BIGINT,                     -- when a letter is due; none while pending or paused
    edition BIGINT NOT NULL,            -- papers listed up to this edition were looked at
    since BIGINT NOT NULL               -- papers of lists before this day are not looked at
);
CREATE INDEX subscriptions_by_reader ON subscriptions (reader);
CREATE INDEX subscriptions_by_next ON subscriptions (next_at);

-- Which edition found a paper on the list of which day: what is of a later edition than a subscription's is new to it.
CREATE TABLE listings (
    paper INTEGER PRIMARY KEY REFERENCES papers (id),
    listed_day BIGINT NOT NULL,
    edition BIGINT NOT NULL
);

-- Messages: to be sent, being handed over, settled.
CREATE TABLE letters (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,                 -- digest, confirm, manage, note
    reader BIGINT NOT NULL,             -- no reference: a settled letter outlives its reader for a while
    subscription BIGINT,
    unique_key TEXT UNIQUE,             -- of a digest: subscription and slot, so that no slot has two
    slot BIGINT NOT NULL,               -- when it was due by the schedule
    state TEXT NOT NULL,                -- waiting, handing, sent, refused, failed, dropped
    edition_before BIGINT NOT NULL,     -- of a digest: where its subscription stood before it
    found BIGINT NOT NULL,              -- of a digest: how many papers were new to it, sent or not
    content TEXT NOT NULL,              -- of a digest: what the ledger said, as JSON; of a note: its text until it is settled; otherwise empty
    composed BIGINT NOT NULL,
    due BIGINT,                         -- not before; none when settled
    locked_until BIGINT NOT NULL,       -- end of the lease of whoever took it
    attempts BIGINT NOT NULL,           -- how often it was taken
    refusals BIGINT NOT NULL,           -- how often the mail server put it off
    settled BIGINT,
    last_error TEXT NOT NULL
);
CREATE INDEX letters_by_due ON letters (due, kind) WHERE due IS NOT NULL;
CREATE INDEX letters_by_reader ON letters (reader, kind, composed);
CREATE INDEX letters_by_subscription ON letters (subscription, due);
CREATE INDEX letters_by_kind ON letters (kind, composed);

-- Which paper a reader was sent, or is about to be, in which letter.
CREATE TABLE sent_papers (
    reader BIGINT NOT NULL,
    paper INTEGER NOT NULL REFERENCES papers (id),
    letter BIGINT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (reader, paper)
);
CREATE INDEX sent_papers_by_letter ON sent_papers (letter, place);
CREATE INDEX sent_papers_by_paper ON sent_papers (paper);

INSERT INTO counters (name, value) VALUES ('comment', 0), ('report', 0), ('moderation', 0), ('notice', 0);

-- What people did with papers. Votes and saves are counted into readings.
CREATE TABLE marks (
    account INTEGER NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,              -- vote, save, hide
    paper INTEGER NOT NULL REFERENCES papers (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (account, kind, paper)
);
CREATE INDEX marks_by_paper ON marks (paper, kind);
CREATE INDEX marks_by_time ON marks (account, kind, at);

-- Whose new papers people want to see.
CREATE TABLE follows (
    account INTEGER NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,              -- category, author (their key), tag, query
    value TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, kind, value)
);
CREATE INDEX follows_by_value ON follows (kind, value);

-- Comments on papers. What was deleted keeps its place, without author and text, as long as it has replies.
CREATE TABLE comments (
    id INTEGER PRIMARY KEY,
    paper INTEGER NOT NULL REFERENCES papers (id),
    parent INTEGER REFERENCES comments (id),
    account INTEGER REFERENCES users (id),
    depth BIGINT NOT NULL,           -- 0 to 6: how far it is set in
    path TEXT NOT NULL,              -- ids from the root down, ten digits each: the order of the page
    at BIGINT NOT NULL,
    edited BIGINT,                   -- last
    state TEXT NOT NULL,             -- shown, deleted (by its author), removed (by a moderator)
    body TEXT NOT NULL               -- Markdown
);
CREATE INDEX comments_by_paper ON comments (paper, path);
CREATE INDEX comments_by_parent ON comments (parent);
CREATE INDEX comments_by_account ON comments (account, at);

-- Texts of comments before they were edited.
CREATE TABLE comment_edits (
    comment INTEGER NOT NULL REFERENCES comments (id),
    number BIGINT NOT NULL,          -- 1 is the first text
    at BIGINT NOT NULL,              -- when this text was written
    body TEXT NOT NULL,
    PRIMARY KEY (comment, number)
);

-- Papers on which nothing more can be said.
CREATE TABLE thread_locks (
    paper INTEGER PRIMARY KEY REFERENCES papers (id),
    account INTEGER REFERENCES users (id),
    at BIGINT NOT NULL,
    reason TEXT NOT NULL
);

-- Somebody asks the moderators to look at a comment.
CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    comment INTEGER NOT NULL REFERENCES comments (id),
    account INTEGER NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    settled BIGINT,
    settled_by INTEGER REFERENCES users (id),
    outcome TEXT,                    -- kept, removed
    UNIQUE (comment, account)
);
CREATE INDEX reports_by_settling ON reports (settled, at);
CREATE INDEX reports_by_account ON reports (account);

-- What moderators did and why, for everybody to read.
CREATE TABLE moderation_log (
    id INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    moderator INTEGER REFERENCES users (id),
    action TEXT NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX moderation_log_by_moderator ON moderation_log (moderator);

-- News for one person.
CREATE TABLE notices (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,              -- reply, mention, comment, moderation, paper
    topic TEXT NOT NULL,             -- one notice a person and topic: more of the same renews it
    at BIGINT NOT NULL,
    paper INTEGER REFERENCES papers (id),
    comment INTEGER REFERENCES comments (id),
    tally BIGINT NOT NULL,           -- how many times it happened
    text TEXT NOT NULL,
    unread BIGINT NOT NULL,          -- 0 or 1
    UNIQUE (account, topic)
);
CREATE INDEX notices_by_person ON notices (account, unread, id);
CREATE INDEX notices_by_paper ON notices (paper);
CREATE INDEX notices_by_comment ON notices (comment);

-- Kinds of news that a person does not want.
CREATE TABLE notices_off (
    account INTEGER NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    PRIMARY KEY (account, kind)
);

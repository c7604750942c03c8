INSERT INTO counters (name, value) VALUES ('user', 0), ('token', 0);

-- People.
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,   -- in lower case: one name is one person
    address TEXT,                    -- of mail; none where none was confirmed
    address_key TEXT UNIQUE,
    password TEXT,                   -- argon2id with its parameters and salt; none where only links and others vouch
    role TEXT NOT NULL,              -- reader, moderator, admin
    about TEXT NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,            -- last, to the hour
    locked BIGINT,                   -- since when the account may not be used
    lock_reason TEXT NOT NULL
);
CREATE INDEX users_by_role ON users (role);

-- By what others vouch for a person: an OpenID issuer and its subject, or a proxy and its name.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account INTEGER NOT NULL REFERENCES users (id),
    created BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_by_account ON identities (account);

-- Signed-in browsers. The cookie's value is kept as its SHA-256 only.
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES users (id),
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,            -- last, to the hour
    expires BIGINT NOT NULL,
    agent TEXT NOT NULL              -- what the browser called itself, cut
);
CREATE INDEX sessions_by_account ON sessions (account);
CREATE INDEX sessions_by_expiry ON sessions (expires);

-- Tokens of the API, kept as their SHA-256 only.
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    scope TEXT NOT NULL,             -- read, write, admin
    created BIGINT NOT NULL,
    used BIGINT,                     -- last, to the minute
    expires BIGINT
);
CREATE INDEX tokens_by_account ON tokens (account);

-- Links that were mailed, good once. Kept as their SHA-256 only.
CREATE TABLE mailed_links (
    digest TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,           -- sign-up, sign-in, address
    account INTEGER REFERENCES users (id),
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    name TEXT NOT NULL,              -- of a sign-up: the name that was wished for
    password TEXT,                   -- of a sign-up: argon2id
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX mailed_links_by_address ON mailed_links (address_key, created);
CREATE INDEX mailed_links_by_expiry ON mailed_links (expires);

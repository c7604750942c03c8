DROP TABLE mailed_links;
DROP TABLE tokens;
DROP TABLE sessions;
DROP TABLE identities;
DROP TABLE users;
DELETE FROM counters WHERE name IN ('user', 'token');

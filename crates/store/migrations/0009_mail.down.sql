DROP TABLE sent_papers;
DROP TABLE letters;
DROP TABLE listings;
DROP TABLE subscriptions;
DROP TABLE suppressions;
DROP TABLE readers;
DELETE FROM counters WHERE name IN ('reader', 'subscription', 'letter', 'edition');

DROP TABLE gone;
DROP TABLE provenance;
DROP TABLE readings;
DROP TABLE links;
DROP TABLE list_entries;
DROP TABLE paper_ids;
DROP TABLE papers;
DROP TABLE counters;

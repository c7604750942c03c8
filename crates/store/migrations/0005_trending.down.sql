DROP TABLE closed_entries;
DROP TABLE closed_windows;
DROP TABLE trend_priors;

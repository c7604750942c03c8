DROP TABLE jobs;
DROP TABLE meta;
DROP TABLE validators;
DROP TABLE hosts;

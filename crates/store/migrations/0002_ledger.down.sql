DROP TABLE checkpoints;
DROP TABLE quarantine;
DROP TABLE announcements;
DROP TABLE batch_digests;
DROP TABLE batches;

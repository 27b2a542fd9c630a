"""The embedded PostgreSQL, which Kalends runs itself: programs, processes, cluster, backups."""

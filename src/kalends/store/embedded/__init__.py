"""The PostgreSQL that Kalends runs itself: its programs, process, cluster and archives."""

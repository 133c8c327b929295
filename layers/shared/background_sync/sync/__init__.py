"""What a sweep does: dispatch its messages, and run, audit or backfill one workspace for each message."""

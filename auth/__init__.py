"""Authentication, rights, quotas and rates of callers."""

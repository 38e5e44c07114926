"""Results of a batch: answers, report, review list, annotated sheets."""

"""Groups of equal subscriptions."""

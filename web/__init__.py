"""What all routes share: the GraphQL app, middleware, error answers, health; the browser pages."""

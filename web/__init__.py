"""Edge of all routes: operation pipeline, transports, middleware, error answers, health, browser pages."""

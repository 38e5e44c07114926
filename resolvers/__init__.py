"""How each root field is answered: arguments in, one domain call, schema type out."""

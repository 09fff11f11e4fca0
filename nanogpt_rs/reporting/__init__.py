"""Makes of records what people read: the page, tables, pictures and the published site."""

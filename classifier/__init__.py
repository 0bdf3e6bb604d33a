"""Events and flow shapes in; evidence and one verdict per endpoint and role out."""

"""What the rules of storage ask of the tables: one module a noun, functions over a connection."""

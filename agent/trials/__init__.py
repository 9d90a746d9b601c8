"""A Trial becomes a Result: prepared data, two sandboxes, an executor, and the check of a template."""

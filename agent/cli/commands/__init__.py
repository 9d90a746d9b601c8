"""The commands with their flags, by subject; each one hands on to the module that does the work."""

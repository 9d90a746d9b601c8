"""Fakes for the audit's benchmark. Nothing in here imports the program that is measured."""

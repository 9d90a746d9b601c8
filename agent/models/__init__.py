"""Who answers prompts: a model server, or the scripted study; and the wrappers for journal and budget."""

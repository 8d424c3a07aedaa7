"""Configuration: from a YAML file to validated models, with every mistake told at once."""

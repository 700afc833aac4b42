"""What the commands read: YAML and JSON, in files, directories and on standard input."""

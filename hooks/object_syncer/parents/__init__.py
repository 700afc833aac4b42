"""One module per parent that Metacontroller calls us for; each reads as the life of that parent."""

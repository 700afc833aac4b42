"""What users see: the state of each destination, the counts, the reasons, and the conditions with their wording."""

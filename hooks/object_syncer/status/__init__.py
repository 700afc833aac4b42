"""What users are told: the state of each destination, the counts, and the conditions with their wording."""

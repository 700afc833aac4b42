"""`object-syncer migrate`: takes over what another tool copies."""

"""`object-syncer doctor`: what is wrong with an installation."""

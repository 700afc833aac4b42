"""One simulation, which most commands need: objects in memory, Object Syncer at work, and what comes of it in words."""

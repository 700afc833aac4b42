"""From a group and kind to the resource the API server serves: the built-in table and CRDs."""

"""Contact sheets of the media actions: what went in beside what came out, one module for each kind of action."""

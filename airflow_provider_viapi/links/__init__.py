"""Links from a task instance to its job and its result."""

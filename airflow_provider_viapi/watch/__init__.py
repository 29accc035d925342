"""Lists of jobs and files that event triggers read, and the cursor that finds in them what is new."""

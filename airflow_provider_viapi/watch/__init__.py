"""What event triggers read: lists of jobs and files, and the cursor that finds in them what is new."""

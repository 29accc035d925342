"""Media from and to where a team keeps it: staging before a job, landing after it."""

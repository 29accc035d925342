"""Media in and out: stage sources where a service reads them, land results where the team keeps them."""

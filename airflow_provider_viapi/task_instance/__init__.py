"""The running task in Airflow: its XComs, the states of its job, and whether its jobs must be cancelled."""

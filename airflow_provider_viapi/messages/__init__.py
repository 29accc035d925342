"""Messages of a queue that name finished jobs. Knows no Airflow, and sends nothing to a cloud.

* ``job_messages``: the job ids that each message names, by an expression of the user's
* ``queues``: a subscription to a channel of Redis, or to an exchange of an AMQP broker such as RabbitMQ
* ``sqs``: a subscription to a topic of Amazon SNS
"""

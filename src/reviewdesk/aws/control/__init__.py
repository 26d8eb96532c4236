"""SageMaker with an account: jobs, endpoints, what they cost, and their end."""

"""SageMaker's side of its containers on this machine: runs any command, says what it broke."""

"""The endpoint: bundles behind HTTP, the way Amazon SageMaker's containers answer."""

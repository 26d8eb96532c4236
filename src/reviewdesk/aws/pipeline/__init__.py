"""The monthly pipeline: a state machine of Step Functions, and the same one run on this machine."""

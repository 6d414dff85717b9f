"""The adapters: each reads one kind of data and ends in the same contract check."""

"""Predicts what a job costs and what a faster preparation gains, from measured rates."""

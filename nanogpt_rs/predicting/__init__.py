"""Predicts how long a preparation takes, and what a faster one gains in a whole job."""

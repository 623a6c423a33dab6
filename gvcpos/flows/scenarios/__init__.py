"""What if: changes of a system's numbers, run through flows and costs, and on through an input-output table."""

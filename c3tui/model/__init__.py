"""What things are: the plan, the fleet, findings and replacements. No I/O."""

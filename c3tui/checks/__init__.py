"""The rules: pure functions of plan and fleet that give findings."""

"""What is wrong with a decision table before anybody asks it: `checker.check` is the door."""

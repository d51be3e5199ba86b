"""What every other package stands on: database, unit of work, refusals, outbox, chains."""

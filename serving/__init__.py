"""How a ward uses the models: the service, its log and the board."""

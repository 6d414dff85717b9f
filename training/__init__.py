"""How the models are made, measured and promoted."""

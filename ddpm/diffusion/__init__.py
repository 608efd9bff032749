"""Pure maths on (alpha, sigma): noise levels, predictions, guidance and constraints. Torch only."""

"""Maximum likelihood: log-determinants, operators, the concentrated likelihood, its maxima, the estimate."""

"""What all tests share: results, scopes, samples, regressions, bootstraps, words."""

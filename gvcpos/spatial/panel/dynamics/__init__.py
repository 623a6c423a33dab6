"""Dynamic panels: lags in time and in space-time, bias corrections, stability."""

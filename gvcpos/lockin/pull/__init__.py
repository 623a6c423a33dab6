"""Does one stage pull another along: growth, Granger causality, projections, neighbours, placebos."""

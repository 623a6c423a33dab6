"""From labelled data and a specification to arrays: rows, gaps, formulas, columns, transformations."""

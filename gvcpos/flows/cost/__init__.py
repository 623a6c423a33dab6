"""Material flow cost accounting (ISO 14051): quantity centres, unit costs, value added, physical beside monetary."""

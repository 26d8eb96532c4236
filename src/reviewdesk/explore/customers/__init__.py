"""What customers say: phrases and aspects that tell low ratings from high ones."""

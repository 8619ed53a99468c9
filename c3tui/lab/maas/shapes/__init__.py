"""The JSON of the API, field by field, as a real region writes it."""

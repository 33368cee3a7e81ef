"""The verb table, and what every door derives from it: arguments, schemas, TypeScript, the README's table."""

"""For tests of nbmlops and of its adapters: fixtures and suites."""

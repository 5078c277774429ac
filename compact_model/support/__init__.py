"""Support for all packages of the project: input checks, files, progress, seeds, and provenance."""

"""From the source of a lesson to its notebooks: read, build, stamps."""

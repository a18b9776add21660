"""What costs minutes and writes tables: runs over many seeds, examinations, the bench."""

"""What follows from what the ward knew: dates, ranges, risks and their reasons."""

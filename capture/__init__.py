"""Traffic in; flow records and the tagged streams out."""

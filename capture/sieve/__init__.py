"""The compiled kernel: layers, flow table, payload tags, exact counters."""

"""What a network did, counted by hooks and audited against every operation that torch ran."""

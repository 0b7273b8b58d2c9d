"""What a network does on the chip that it is mapped to, and what was measured on one."""

"""How a command reads its line, reports errors, shows progress and picks a device."""

"""Files written completely or not at all, and depth as pictures."""

"""What a report rests on: networks, samples, and what they did on the chip."""

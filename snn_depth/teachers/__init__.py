"""Teachers: RGB depth networks that the student learns from."""

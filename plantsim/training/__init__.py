"""The training station: scenarios, what a trainee did, the score and the debrief."""

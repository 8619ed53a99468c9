"""The sensors of the simulated boards: what they are, what they read, how the SDR describes them."""

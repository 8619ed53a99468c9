"""The engine: steps, runs and the store; it knows neither MAAS nor the terminal."""

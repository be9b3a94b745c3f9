"""The backend's promises: metrics, data, prompts, engines, the Hub and one evaluation from end to end."""

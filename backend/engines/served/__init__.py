"""What the endpoint engine is made of: what a server tells, how it is asked, and how much at once."""

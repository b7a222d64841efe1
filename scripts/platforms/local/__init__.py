"""The platform on this machine: slugs, dynos, the router in front of them, and the supervisor that holds it all."""

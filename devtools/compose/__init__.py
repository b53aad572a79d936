"""`./dev compose-test`: docker-compose.yml as it stands, on an engine built from Debian packages.

`roots` makes the engine and stand-ins of the base images, `engine` runs dockerd in namespaces of
its own, `steps` does what the documentation tells people to do and what may go wrong meanwhile.
"""

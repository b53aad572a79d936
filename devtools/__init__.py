"""What `./dev` does. Until the environment exists only the standard library is used."""

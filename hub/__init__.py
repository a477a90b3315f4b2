"""The reference platform: small enough for a family, built so that a school can grow it."""

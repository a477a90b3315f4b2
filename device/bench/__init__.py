"""What `myna bench NAME` measures: one module per name, each with `run(*, long, seed)`."""

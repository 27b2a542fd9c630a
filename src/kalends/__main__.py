"""`python -m kalends`, the same as `kalends`."""

from kalends.cli import main

if __name__ == "__main__":
    main()

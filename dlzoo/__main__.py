"""`python -m dlzoo` is `dlzoo`."""

from dlzoo.cli import main

if __name__ == "__main__":
    main()

"""What tests let measure; found by name in processes of their own."""

import os
import time


def sleeping(seconds):
    return lambda: time.sleep(seconds)


def unable():
    raise ValueError("there is no such engine")


def dying():
    os._exit(3)


def needing(variable):
    value = os.environ[variable]

    def step():
        if value != "here":
            raise ValueError(value)

    return step

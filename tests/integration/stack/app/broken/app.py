"""Cannot be imported."""

from importlib import import_module

import_module("a_module_that_does_not_exist")

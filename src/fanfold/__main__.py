"""``python -m fanfold`` is the ``fanfold`` command."""

from fanfold.cli import main

main()

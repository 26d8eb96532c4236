"""`reviewdesk warm`: compile beforehand."""

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, print_json, say
from reviewdesk.job.warm import warm as warm_kernels
from reviewdesk.progress import Progress


def warm(*, as_json: Json = False) -> None:
    """Compile what is compiled on first use, so that nobody waits for it.

    Parts of the program become machine code when they are first used, which takes half a minute on
    a new machine. The code is kept in the user's cache folder, where nobody else can write; an
    image is best warmed as the user that will run it.

    Example:

        reviewdesk warm
    """
    found = warm_kernels(Progress())
    if as_json:
        print_json(found.to_json())
    elif found.directory:
        say(f"{count(found.kernels, 'compiled kernel')} are in {found.directory}")
    else:
        say(
            "there is no safe place to keep compiled kernels, so each process compiles its own: "
            "the folder reviewdesk/kernels below $XDG_CACHE_HOME or ~/.cache must belong to you "
            "with mode 0700, and nobody else may write to the folders above it"
        )

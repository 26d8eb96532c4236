"""One candidate's folds in a process of its own: ``python -m reviewdesk.training.fold_worker``."""

import sys
from pathlib import Path

from reviewdesk.process import end_with_parent
from reviewdesk.settings import TextSettings
from reviewdesk.storage import read_json, write_json
from reviewdesk.training.out_of_fold import Candidate, TrainingQuestion, learn_missing


def main(asked: Path) -> None:
    """Learn what a file asks for, and write what went wrong to the file that it names."""
    end_with_parent()
    request = read_json(asked)
    question = TrainingQuestion.from_json(request["question"])
    given = request["candidate"]
    text = TextSettings.from_json(given["text"]) if given["text"] else None
    candidate = Candidate(given["name"], given["model"], given["settings"], text)
    share = question.share(question.examples())
    why = learn_missing(question, share, candidate, Path(request["folder"]), request["seconds"])
    write_json(Path(request["answer"]), {"why": why})


if __name__ == "__main__":
    main(Path(sys.argv[1]))

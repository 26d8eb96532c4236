"""What the endpoint is measured beside; each serves on 127.0.0.1 until it is ended.

    python -m bench.serving_peers KIND PORT [FILE]

``bare`` reads the body and answers a constant; ``fasttext`` asks a fastText model, behind the same
bare server; ``sklearn`` is a FastAPI application around a scikit-learn pipeline, as its
documentation has one.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

LABELLED: Final = 10_000
CONSTANT: Final = b'[{"label": ["__label__positive"], "prob": [0.9812345504760742]}]'


def bare() -> ASGIApp:
    """Return an application that reads the body and answers a constant."""

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(CONSTANT, media_type="application/json")

    return Starlette(routes=[Route("/invocations", answer, methods=["POST"])])


def fasttext(texts: list[str], labels: list[str], folder: Path) -> ASGIApp:
    """Return an application that asks a fastText model of word pairs."""
    import fasttext as package  # noqa: PLC0415  (of this peer alone)

    file = folder / "fasttext.txt"
    lines = [f"__label__{label} {' '.join(text.lower().split())}\n"
             for text, label in zip(texts, labels, strict=True)]  # fmt: skip
    file.write_text("".join(lines))
    model = package.train_supervised(str(file), wordNgrams=2, dim=10, thread=1, verbose=0)

    async def answer(request: Request) -> Response:
        instances = [" ".join(one.lower().split()) for one in (await request.json())["instances"]]
        found, shares = model.predict(instances)
        rows = [{"label": list(label), "prob": [float(share[0])]}
                for label, share in zip(found, shares, strict=True)]  # fmt: skip
        return Response(json.dumps(rows), media_type="application/json")

    return Starlette(routes=[Route("/invocations", answer, methods=["POST"])])


def sklearn(texts: list[str], labels: list[str]) -> ASGIApp:
    """Return a FastAPI application around TF-IDF of words and pairs and logistic regression."""
    from fastapi import FastAPI  # noqa: PLC0415
    from pydantic import BaseModel  # noqa: PLC0415
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    class Asked(BaseModel):
        instances: list[str]

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10, max_iter=200),
    ).fit(texts, labels)
    app = FastAPI()

    @app.post("/invocations")
    def answer(asked: Asked) -> list[dict[str, Any]]:
        shares = model.predict_proba(asked.instances)
        return [
            {"label": [f"__label__{model.classes_[row.argmax()]}"], "prob": [float(row.max())]}
            for row in shares
        ]

    return app


def main() -> None:
    """Serve one of them."""
    kind, port = sys.argv[1], int(sys.argv[2])
    app = bare()
    if kind != "bare":
        rows = json.loads(Path(sys.argv[3]).read_text())[:LABELLED]
        texts, labels = [text for text, _ in rows], [label for _, label in rows]
        app = (
            fasttext(texts, labels, Path(sys.argv[3]).parent)
            if kind == "fasttext"
            else sklearn(texts, labels)
        )
    uvicorn.run(app, port=port, http="h11", loop="asyncio", access_log=False, log_level="critical")


if __name__ == "__main__":
    main()

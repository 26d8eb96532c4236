"""A container in plain Python that keeps the contract, or breaks the rule that its word names.

``python container.py FAULT train`` or ``... serve``; ``none`` is no fault.
"""

# ruff: noqa: T201, PLR0912, PLR0915  (its words are its log, and its faults are a list)
import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

FAULT, WORD = sys.argv[1:3]
BASE = Path(os.environ["SAGEMAKER_BASE_DIR"])
PORT = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))


def train() -> int:
    config = BASE / "input" / "config"
    channels = json.loads((config / "inputdataconfig.json").read_text())
    if FAULT == "environment":
        print(json.dumps(dict(os.environ)))
    if FAULT == "hangs":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (BASE / "model" / "m").write_text("x")
        time.sleep(60)
    if FAULT in ("waits", "waits-badly", "waits-lazily"):
        code = 3 if FAULT == "waits-badly" else 0

        def end(*_: object) -> None:
            if FAULT != "waits-lazily":
                (BASE / "model" / "m").write_text("saved")
            sys.exit(code)

        signal.signal(signal.SIGTERM, end)
        print("waiting", flush=True)
        time.sleep(60)
    if FAULT == "silent":
        return 3
    if FAULT in ("fails", "long-reason", "empty-reason", "binary-reason"):
        reason = {"long-reason": "x" * 2000, "empty-reason": ""}.get(FAULT, "there is no data")
        raw = b"\xff\xfe" if FAULT == "binary-reason" else reason.encode()
        (BASE / "output" / "failure").write_bytes(raw)
        return 1
    if FAULT == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if FAULT == "changes-input":
        (config / "hyperparameters.json").write_text("{ }")
    if FAULT == "writes-input":
        (BASE / "input" / "cache").write_text("x")
    if FAULT == "bakes":
        (BASE / "cache").write_text("x")
    if FAULT == "writes-output":
        (BASE / "output" / "model.bin").write_text("x")
    if FAULT == "leaves-process":
        subprocess.Popen(["sleep", "60"])
    size = 0
    for name, channel in channels.items():
        if channel["TrainingInputMode"] != "Pipe":
            size += sum(p.stat().st_size for p in (BASE / "input/data" / name).rglob("*"))
        elif FAULT != "reads-nothing":
            for epoch in range(2):
                path = BASE / "input" / "data" / f"{name}_{epoch}"
                while not path.exists():
                    time.sleep(0.01)
                if FAULT == "two-readers" and not epoch:
                    opened = path.open("rb")
                    subprocess.Popen(
                        [sys.executable, "-c", "import time; time.sleep(3)"],
                        pass_fds=[opened.fileno()],
                        start_new_session=True,
                    )
                    time.sleep(0.5)
                    content = opened.read()
                else:
                    content = path.read_bytes()
                (BASE / "output" / "data" / f"{name}_{epoch}").write_bytes(content)
                size += len(content)
    if FAULT != "no-model":
        (BASE / "model" / "m").write_text("x")
    if FAULT == "link":
        (BASE / "model" / "link").symlink_to("/etc/hostname")
    if FAULT == "fifo":
        os.mkfifo(BASE / "model" / "fifo")
    if FAULT == "reason-and-success":
        (BASE / "output" / "failure").write_text("all is well")
    print(f"bytes={size};", file=sys.stderr)
    print("Validation accuracy: 0.5\nValidation accuracy: 0.75")
    return 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/execution-parameters" and FAULT != "no-parameters":
            told = {"MaxConcurrentTransforms": 2, "BatchStrategy": "MULTI_RECORD"}
            if FAULT == "bad-parameters":
                told["BatchStrategy"] = "MultiRecord"
            return self.answer(200, json.dumps(told).encode())
        if self.path != "/ping":
            return self.answer(404)
        if FAULT == "slow-ping" and Handler.asked:
            time.sleep(1.0)
        Handler.asked += 1
        return self.answer(503 if FAULT == "sick" else 200, b"pong" if FAULT == "pong" else b"")

    asked = 0
    failures = 0

    def do_POST(self) -> None:
        body = b""
        if FAULT == "chunks":
            assert self.headers["transfer-encoding"] == "chunked"
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["content-length"]))
        if FAULT in ("slow-answer", "one-at-a-time"):
            time.sleep(1.5 if FAULT == "slow-answer" else 0.9)
        if FAULT == "headers" and self.headers["x-not-known"]:
            return self.answer(400)
        if FAULT == "large-answer":
            return self.answer(200, b"x" * 7_000_000)
        if FAULT == "refuses" or b"refuse" in body:
            return self.answer(400)
        if FAULT == "flaky" and Handler.failures < 2:
            Handler.failures += 1
            return self.answer(500)
        if FAULT == "dies":
            os._exit(1)
        if FAULT == "writes-model":
            (BASE / "model" / "cache").write_text("x")
        kind = self.headers["content-type"]
        lines = body.decode().splitlines()
        if FAULT == "loses":
            lines = lines[1:]
        if kind == "application/jsonlines":
            answers = [json.dumps({"n": len(json.loads(line))}) for line in lines]
        elif kind == "text/csv":
            answers = [str(sum(map(float, line.split(",")))) for line in lines]
        else:
            answers = [f"{len(lines)} lines, {len(body)} bytes"]
        return self.answer(200, "\n".join(answers).encode())

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def serve() -> int:
    if FAULT == "ends":
        return 1
    if FAULT == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if FAULT == "nothing-listens":
        time.sleep(60)
    host = "127.0.0.1" if FAULT == "loopback" else "0.0.0.0"
    print(json.dumps(dict(os.environ)), flush=True)
    server = HTTPServer if FAULT == "one-at-a-time" else ThreadingHTTPServer
    server((host, PORT), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(train() if WORD == "train" else serve())

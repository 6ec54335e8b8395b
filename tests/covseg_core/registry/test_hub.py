"""A small server on this machine plays the hub; nothing leaves the machine."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.registry import hub
from covseg_core.registry.home import models_folder
from covseg_core.registry.hub import pull_model, push_model
from covseg_core.registry.store import find_model

pytestmark = pytest.mark.usefixtures("one_thread")

TOKEN = "hf_not_for_anyone_to_see"
REPO = "someone/lungs"
COMMIT = "1" * 40


class Hub(BaseHTTPRequestHandler):
    """Serves `files` as every revision of one repository, and takes commits."""

    def do_HEAD(self):
        self._serve(body=False)

    def do_GET(self):
        if self.path == f"/api/models/{REPO}":
            if self.server.private is None:
                self._answer(404, {}, error_code="RepoNotFound")
            else:
                self._answer(200, {"id": REPO, "private": self.server.private})
        else:
            self._serve(body=True)

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self._note()
        if self.server.status:
            self._answer(self.server.status, {"error": "no"})
        elif self.path == "/api/repos/create":
            asked = json.loads(content)
            # Clients of different age say it in two ways.
            private = asked.get("private") or asked.get("visibility") == "private"
            self.server.private = private
            self._answer(200, {"url": self.server.address})
        elif self.path == "/api/validate-yaml":
            self._answer(200, {"warnings": [], "errors": []})
        elif "/preupload/" in self.path:
            files = json.loads(content)["files"]
            modes = [
                {"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                for each in files
            ]
            self._answer(200, {"files": modes})
        elif "/commit/" in self.path:
            self._keep(content)
            url = f"{self.server.address}/commit/{COMMIT}"
            self._answer(200, {"commitUrl": url, "commitOid": COMMIT})
        else:
            self._answer(404, {})

    def _keep(self, content):
        for line in map(json.loads, content.splitlines()):
            if line["key"] == "file":
                value = line["value"]
                received = base64.b64decode(value["content"])
                self.server.files[value["path"]] = received

    def _serve(self, *, body):
        self._note()
        name = self.path.rpartition("/")[2]
        content = self.server.files.get(name, b"")
        status = self.server.status or (200 if name in self.server.files else 404)
        self.send_response(status)
        if status != 200:
            content = b""
            self.send_header("X-Error-Code", self.server.error_code)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(self.server.claim or len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _answer(self, status, document, error_code=""):
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("X-Error-Code", error_code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _note(self):
        line = self.command, self.path, self.headers.get("Authorization")
        self.server.requests.append(line)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.files, server.requests = {}, []
    server.status, server.error_code, server.claim, server.private = 0, "", 0, None
    endpoint = f"http://127.0.0.1:{server.server_port}"
    server.address = f"{endpoint}/{REPO}"
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def shared(server, finished):
    """The tiny model on the hub, beside files that nobody asked for."""
    for path in finished.iterdir():
        server.files[path.name] = path.read_bytes()
    server.files |= {"model.pkl": b"cos\nsystem", "README.md": b"# tiny"}
    return server


def refused(sentence, act, *words, **options):
    with pytest.raises(ModelRefusedError, match=sentence) as told:
        act(*words, **options)
    assert TOKEN not in str(told.value)
    assert "127.0.0.1" not in str(told.value)
    assert not (models_folder() / "mine").exists()


def test_a_pulled_model_is_the_one_on_the_hub(shared, finished):
    pull_model(REPO, "mine")
    entry = find_model("mine")
    expected = find_model(str(finished)).card.model_copy(update={"name": "mine"})
    assert entry.card == expected
    assert entry.weights.read_bytes() == shared.files["weights.safetensors"]


def test_only_card_and_weights_of_the_wanted_revision_are_asked_for(shared):
    pull_model(REPO, "mine", revision="v2")
    assert {path for _, path, _ in shared.requests} == {
        f"/{REPO}/resolve/v2/card.json",
        f"/{REPO}/resolve/v2/weights.safetensors",
    }


def test_the_token_goes_to_the_hub_and_nowhere_else(shared, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    pull_model(REPO, "mine")
    assert {token for _, _, token in shared.requests} == {f"Bearer {TOKEN}"}
    out, err = capfd.readouterr()
    assert TOKEN not in out + err + caplog.text
    assert (out, err) == ("", "")
    found = [p for p in models_folder().rglob("*") if p.is_file()]
    assert not any(TOKEN.encode() in path.read_bytes() for path in found)


def test_weights_that_are_not_those_of_the_card_are_refused(shared):
    shared.files["weights.safetensors"] += b"\0"
    refused("not the ones that its card names", pull_model, REPO, "mine")


@pytest.mark.parametrize("lost", ["card.json", "weights.safetensors"])
def test_a_repository_without_our_files_is_no_model(shared, lost):
    del shared.files[lost]
    shared.error_code = "EntryNotFound"
    refused("lacks card.json or weights.safetensors", pull_model, REPO, "mine")


def test_a_card_that_is_no_card_is_refused(shared):
    shared.files["card.json"] = b"\xff{"
    refused("the model card cannot be read", pull_model, REPO, "mine")


def test_a_giant_is_refused_before_it_is_fetched(shared):
    shared.claim = 2_000_000
    refused("2000000 bytes; at most 1000000 can be right", pull_model, REPO, "mine")
    assert {method for method, _, _ in shared.requests} == {"HEAD"}


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (404, "RepoNotFound", "there is no model 'someone/lungs' on the hub, or it is"),
        (401, "RepoNotFound", "there is no model 'someone/lungs' on the hub, or it is"),
        (403, "GatedRepo", "asks to accept its terms on its page first"),
        (404, "RevisionNotFound", "'someone/lungs' has no such revision"),
        (403, "", "the hub does not let you do that with 'someone/lungs'"),
        (410, "", "the hub answered 410 for 'someone/lungs'; try again later"),
    ],
)
def test_what_the_hub_refuses_is_told_in_a_sentence(shared, status, code, sentence):
    shared.status, shared.error_code = status, code
    refused(sentence, pull_model, REPO, "mine")


def test_a_taken_name_is_refused_before_the_network_is_used(shared):
    refused("'hu-threshold' already; choose another", pull_model, REPO, "hu-threshold")
    assert shared.requests == []


def test_what_is_no_name_of_a_repository_is_wrong_usage(shared, tiny_entry):
    for act in (
        lambda: pull_model("a/b/c", "x"),
        lambda: push_model(tiny_entry, "a b"),
    ):
        with pytest.raises(UsageError, match="is no name of a repository; give OWNER"):
            act()
    assert shared.requests == []


def test_a_hub_out_of_reach_is_told_in_a_sentence(monkeypatch, tiny_entry):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    sentence = r"the hub could not be used \(\w+\). Look at your connection"
    refused(sentence, pull_model, REPO, "mine")
    refused(sentence, push_model, tiny_entry, REPO)


def test_what_is_pushed_can_be_pulled(server, tiny_entry):
    assert push_model(tiny_entry, REPO) == server.address
    assert set(server.files) == {"card.json", "weights.safetensors", "README.md"}
    assert b"For research use only" in server.files["README.md"]
    pull_model(REPO, "mine")
    pulled = find_model("mine")
    assert pulled.card == tiny_entry.card.model_copy(update={"name": "mine"})
    assert pulled.weights.read_bytes() == tiny_entry.weights.read_bytes()


def test_a_private_model_is_not_sent_to_a_public_place(server, tiny_entry):
    server.private = False
    refused("is public already, so nothing", push_model, tiny_entry, REPO, private=True)
    assert server.files == {}


@pytest.mark.parametrize("private", [True, False])
def test_a_new_place_is_as_private_as_wanted(server, tiny_entry, private):
    push_model(tiny_entry, REPO, private=private)
    assert server.private is private
    push_model(tiny_entry, REPO, private=private)
    assert len(server.files) == 3


def test_a_hub_that_takes_nothing_is_told(server, tiny_entry):
    server.status = 403
    refused("the hub does not let you do that with", push_model, tiny_entry, REPO)


def test_a_model_without_weights_is_not_pushed(server):
    entry = find_model("hu-threshold")
    refused("'hu-threshold' has no weights to push", hub.push_model, entry, REPO)
    assert server.requests == []

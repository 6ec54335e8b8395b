"""Servers that refuse, break off, lie and stay silent; and logins that stay secret."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from covseg_core.io.pacs import answer, connection
from covseg_core.io.pacs.client import open_pacs
from covseg_core.io.pacs.connection import PacsSettings
from covseg_core.io.pacs.credentials import Credentials
from covseg_core.io.pacs.failures import PacsError
from covseg_core.io.pacs.search import SeriesQuery
from covseg_core.io.pacs.transport import READ_ATTEMPTS

USER, PASSWORD = "reader", "not-for-anyone-to-see"
PACKED = "cmVhZGVyOm5vdC1mb3ItYW55b25lLXRvLXNlZQ=="
PATIENT = "patient-4711"
HTML = b"<html><body>Welcome</body></html>"


def told(pacs, query=None):
    """The error of a search; no link of its chain holds the login or the patient."""
    with pytest.raises(PacsError) as caught:
        pacs.find_series(query)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    require_secret("".join(traceback.format_exception(error)))
    return str(error)


def require_secret(text):
    for secret in (PASSWORD, PACKED, PATIENT):
        assert secret not in text


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (400, r"did not understand the request \(400\)"),
        (401, r"does not accept this login \(401\)\. Log in with"),
        (403, r"does not allow you to do that \(403\)"),
        (404, r"has nothing at that place \(404\)"),
        (409, r"\(409\)"),
        (418, "answered 418, which covseg does not expect"),
        (429, r"is busy \(429\); try again later"),
        (500, r"failed inside \(500\)"),
        (503, r"is busy \(503\)"),
    ],
)
def test_a_refusal_is_one_sentence(scripted, scripted_pacs, status, sentence):
    scripted.script = lambda _: scripted.reply(HTML, status)
    assert_matches(sentence, told(scripted_pacs))


def assert_matches(sentence, text):
    with pytest.raises(PacsError, match=sentence):
        raise PacsError(text)
    assert text.endswith(".")
    assert "\n" not in text


def test_without_a_login_the_pacs_asks_for_one(scripted):
    scripted.script = lambda _: scripted.reply(b"", 401)
    with open_pacs(PacsSettings(url=scripted.url)) as pacs:
        assert_matches(r"asks who you are \(401\)", told(pacs))


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (HTML, "text/html", "answered with text/html where DICOM JSON was expected"),
        (b'[{"0020000D": ', "application/dicom+json", "where DICOM JSON was expected"),
        (b"\xff\xfe\x00", "application/json", "where DICOM JSON was expected"),
        (b"[" * 100_000, "application/json", "where DICOM JSON was expected"),
        (b"[1, 2]", "application/json", "answered with JSON that is no DICOM"),
        (b'"no"', "application/json", "answered with JSON that is no DICOM"),
        (b"[{}]", "application/json", "something without a proper UID"),
        (
            b'[{"0020000D": {"Value": ["../../admin"]}}]',
            "application/json",
            "something without a proper UID",
        ),
        (b'[{"0020000D": "1.2"}]', "application/json", "without a proper UID"),
    ],
)
def test_an_answer_that_is_no_dicom_is_told(
    scripted, scripted_pacs, body, kind, sentence
):
    scripted.script = lambda _: scripted.reply(body, kind=kind)
    assert_matches(sentence, told(scripted_pacs))


def test_no_answer_at_all_is_waited_for_only_so_long(scripted, impatient_pacs):
    scripted.script = lambda _: None
    assert_matches("stopped answering", told(impatient_pacs))
    assert len(scripted.asked) == 1


def test_an_answer_that_stops_halfway_is_waited_for_only_so_long(
    scripted, impatient_pacs, monkeypatch
):
    # HTTP/1.1 keeps the connection open after less than was promised.
    monkeypatch.setattr(scripted.RequestHandlerClass, "protocol_version", "HTTP/1.1")
    scripted.script = lambda _: scripted.reply(b"[" + b" " * 100, sent=20)
    assert_matches("stopped answering", told(impatient_pacs))


@pytest.fixture
def dripping():
    """Serve ``dripping(start, drop)``: the start, then the drop again and again."""
    over, servers = threading.Event(), []

    def drip(line, start, drop):
        with line, suppress(OSError):
            line.recv(1 << 16)
            line.sendall(start)
            while not over.wait(0.02):
                line.sendall(drop)

    def serve(server, start, drop):
        with suppress(OSError):
            while True:
                line, _ = server.accept()
                threading.Thread(target=drip, args=(line, start, drop)).start()

    def begin(start, drop):
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        threading.Thread(target=serve, args=(server, start, drop)).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/dicom-web"

    yield begin
    over.set()
    for server in servers:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n"


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (GOOD + b"Content-Length: 1000000\r\n\r\n", b" "),
        (GOOD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (GOOD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
        (GOOD + b"\r\n[]", b" "),
        (GOOD + b"X-Drip: ", b"a"),
        (b"", b"H"),
    ],
    ids=["length", "chunks", "line of a chunk", "no length", "head", "status"],
)
def test_a_drip_is_not_drunk_for_ever(dripping, login, start, drop):
    settings = PacsSettings(url=dripping(start, drop), answer_s=0.3, retry_s=0)
    begun = time.monotonic()
    with open_pacs(settings, login) as pacs:
        assert_matches("sends too slowly", told(pacs))
    assert time.monotonic() - begun < 5


def test_a_drip_of_one_answer_is_none_of_the_next(scripted, login):
    settings = PacsSettings(url=scripted.url, answer_s=1, retry_s=0)
    with open_pacs(settings, login) as pacs:
        scripted.script = lambda _: None
        assert_matches("sends too slowly", told(pacs))
        scripted.script = lambda _: scripted.reply(b"[]")
        assert pacs.find_series().series == ()


def test_an_answer_that_is_too_large_is_left_unread(
    scripted, scripted_pacs, monkeypatch
):
    monkeypatch.setattr(answer, "MAX_JSON_BYTES", 1000)
    scripted.script = lambda _: scripted.reply(b"[" + b" " * 2000 + b"]")
    assert_matches("sent more than 1000 bytes", told(scripted_pacs))


def test_a_cut_answer_is_asked_for_again(scripted, scripted_pacs):
    def script(_):
        first = len(scripted.asked) < READ_ATTEMPTS
        return scripted.reply(b"[]" + b" " * 50, sent=10 if first else None)

    scripted.script = script
    assert scripted_pacs.find_series().series == ()
    assert len(scripted.asked) == READ_ATTEMPTS


def test_after_some_attempts_a_cut_answer_is_told(scripted, scripted_pacs):
    scripted.script = lambda _: scripted.reply(b"[]" + b" " * 50, sent=10)
    assert_matches(
        "ended the connection before its answer was whole", told(scripted_pacs)
    )
    assert len(scripted.asked) == READ_ATTEMPTS


def test_half_a_list_without_a_length_is_a_cut_answer(scripted, scripted_pacs):
    scripted.script = lambda _: scripted.reply(b'[{"0020', with_length=False)
    assert_matches(
        "ended the connection before its answer was whole", told(scripted_pacs)
    )


def test_a_refusal_is_not_asked_for_again(scripted, scripted_pacs):
    scripted.script = lambda _: scripted.reply(b"", 403)
    told(scripted_pacs)
    assert len(scripted.asked) == 1


def test_a_server_that_hangs_up_is_called_again_and_told(scripted, scripted_pacs):
    scripted.over.set()
    scripted.script = lambda _: None
    assert_matches(
        "ended the connection before its answer was whole", told(scripted_pacs)
    )
    assert len(scripted.asked) == READ_ATTEMPTS


@pytest.mark.parametrize(
    "place",
    [
        "http://localhost:9/dicom-web/studies",
        "//pacs.example/",
        "ftp://127.0.0.1/",
        "http://[/",
        "http://a:port/",
    ],
)
def test_a_login_does_not_follow_to_another_server(scripted, scripted_pacs, place):
    place = {"Location": place}
    scripted.script = lambda _: scripted.reply(b"", 302, headers=place)
    assert_matches("to which no login and no request goes", told(scripted_pacs))


def test_what_comes_with_a_redirect_is_not_read(scripted, scripted_pacs):
    place = {"Location": "http://pacs.example/"}
    scripted.script = lambda _: scripted.reply(b"x" * 99, 302, headers=place, sent=9)
    assert_matches("sends on to another server", told(scripted_pacs))


def test_another_place_on_the_same_server_is_followed(scripted, scripted_pacs):
    def script(asked):
        if asked.path.endswith("/studies"):
            return scripted.reply(b"", 307, headers={"Location": "/elsewhere"})
        return scripted.reply(b"[]")

    scripted.script = script
    assert scripted_pacs.find_series().series == ()
    assert [asked.path for asked in scripted.asked] == [
        "/dicom-web/studies",
        "/elsewhere",
    ]


def test_a_circle_is_left(scripted, scripted_pacs):
    place = {"Location": "/dicom-web/studies"}
    scripted.script = lambda _: scripted.reply(b"", 302, headers=place)
    assert_matches("in a circle", told(scripted_pacs))


def test_nobody_listening_is_told(login):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with open_pacs(PacsSettings(url=url), login) as pacs:
        assert_matches("does not accept connections", told(pacs))


def test_a_name_that_nobody_has_is_told(login, monkeypatch):
    def nobody(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with open_pacs(PacsSettings(url="https://pacs.invalid"), login) as pacs:
        assert_matches("no computer is called pacs.invalid", told(pacs))


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost that nobody signed, with its key, as PEM files."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(private)
    (tmp_path / "ca.pem").write_bytes(made.public_bytes(pem))
    return tmp_path / "ca.pem", tmp_path / "key.pem"


@pytest.fixture
def secured(scripted, certificate):
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    scripted.socket = context.wrap_socket(scripted.socket, server_side=True)
    scripted.url = f"https://localhost:{scripted.server_port}/dicom-web"
    return scripted


def test_a_certificate_that_nobody_signed_is_not_trusted(secured, login):
    with open_pacs(PacsSettings(url=secured.url), login) as pacs:
        assert_matches("is not one that this computer trusts", told(pacs))
    assert secured.asked == []


@pytest.mark.parametrize("by_file", [True, False])
def test_a_certificate_that_the_user_names_or_waives_is_trusted(
    secured, login, certificate, by_file
):
    how = {"ca_file": certificate[0]} if by_file else {"verify_certificate": False}
    with open_pacs(PacsSettings(url=secured.url, **how), login) as pacs:
        assert pacs.find_series().series == ()


def test_a_slow_answer_over_tls_is_not_waited_for_either(secured, login, certificate):
    settings = PacsSettings(url=secured.url, ca_file=certificate[0], answer_s=0.3)
    secured.script = lambda _: None
    with open_pacs(settings, login) as pacs:
        assert_matches("sends too slowly", told(pacs))


def test_a_server_without_tls_is_told(scripted, login):
    url = scripted.url.replace("http:", "https:")
    with open_pacs(PacsSettings(url=url), login) as pacs:
        assert_matches(r"no secure connection to .* came about", told(pacs))
    assert scripted.asked == []


def test_login_and_patient_go_to_the_server_and_nowhere_else(
    scripted, login, capfd, caplog, tmp_path, monkeypatch
):
    caplog.set_level(logging.DEBUG)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with open_pacs(PacsSettings(url=scripted.url, retry_s=0), login) as pacs:
        pacs.find_series(SeriesQuery(patient_id=PATIENT))
        scripted.script = lambda _: scripted.reply(HTML, 503)
        told(pacs, SeriesQuery(patient_id=PATIENT))
        shown = f"{pacs!r} {vars(pacs)} {vars(vars(pacs)['_transport'])}"
    assert {asked.headers["Authorization"] for asked in scripted.asked} == {
        f"Basic {PACKED}"
    }
    assert scripted.asked[0].query["PatientID"] == PATIENT
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    require_secret(caplog.text + shown)


def test_who_has_no_login_sends_none(scripted, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with open_pacs(PacsSettings(url=scripted.url)) as pacs:
        pacs.find_series()
    assert "Authorization" not in scripted.asked[0].headers


def test_a_token_is_sent_as_one(scripted):
    login = Credentials(token="abc.def-7")
    with open_pacs(PacsSettings(url=scripted.url), login) as pacs:
        pacs.find_series()
    assert scripted.asked[0].headers["Authorization"] == "Bearer abc.def-7"


def test_each_service_has_its_own_prefix(scripted):
    settings = PacsSettings(url=scripted.url, qido_prefix="/rs/search/")
    with open_pacs(settings) as pacs:
        pacs.find_series()
    assert scripted.asked[0].path == "/dicom-web/rs/search/studies"


def test_what_is_imported_and_opened_talks_to_nobody():
    code = (
        "import socket, sys;"
        "socket.socket.connect = socket.getaddrinfo = None;"
        "import covseg_core.io.pacs as pacs;"
        "pacs.open_pacs(pacs.PacsSettings(url='https://a.example'), "
        "pacs.Credentials(token='t')).close();"
        "assert 'keyring' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_plain_http_to_another_computer_is_not_opened():
    with pytest.raises(
        connection.UsageError, match=r"pacs.example would be used over http"
    ):
        open_pacs(PacsSettings(url="http://pacs.example/dicom-web"))

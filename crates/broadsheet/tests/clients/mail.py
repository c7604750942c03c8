"""Sends mail through a real SMTP server with STARTTLS and a login, and reads it as receivers do: aiosmtpd takes it,
Python's email package parses it, dkimpy verifies its signature.

Arguments: the program, and a data folder with papers of today and readers whose mail is due.
"""

import base64
import email
import email.policy
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import dkim
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

PROGRAM, DATA = sys.argv[1], Path(sys.argv[2])
READERS = 12
PASSWORD = "correct horse"
# What steers the tests would be read as settings of the program.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("BROADSHEET_")}


class Mailbox:
    """Keeps what comes."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        assert session.ssl is not None, "a message came unencrypted"
        assert session.authenticated, "a message came without a login"
        self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 taken"


def login(server, session, envelope, mechanism, data):
    ok = mechanism in ("PLAIN", "LOGIN") and data.login == b"papers" and data.password == PASSWORD.encode()
    # Not handled here: the server answers 535 itself.
    return AuthResult(success=ok, handled=False)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def settings(port, ca_file, key_file, password):
    return f"""
base_url = "https://papers.example.org"
title = "Papers Grün"

[sources]
arxiv = []
daily_papers = false

[mail]
transport = "smtp"
from = "Papers Grün <papers@example.org>"
reply_to = "Editors <editors@example.org>"
bounce_to = "bounces@example.org"

[mail.smtp]
host = "localhost"
port = {port}
ca_file = "{ca_file}"
user = "papers"
password = "{password}"

[mail.dkim]
selector = "test"
key_file = "{key_file}"
"""


def digest(expected):
    ran = subprocess.run(
        [PROGRAM, "--data", DATA, "digest"], capture_output=True, text=True, timeout=120, env=ENVIRONMENT
    )
    assert ran.returncode == expected, (ran.returncode, ran.stdout, ran.stderr)
    assert PASSWORD not in ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def check(sender, recipients, content, record):
    """One message as a receiver sees it."""
    assert sender == "bounces@example.org", sender
    assert dkim.verify(content, dnsfunc=lambda name, timeout=5: record if name == b"test._domainkey.example.org." else None)
    tampered = content.replace(b"List-Unsubscribe: <https://", b"List-Unsubscribe: <https://evil.")
    assert tampered != content
    assert not dkim.verify(tampered, dnsfunc=lambda name, timeout=5: record), "the links of one click are signed"
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert not message.defects, message.defects
    (to,) = message["To"].addresses
    assert [to.addr_spec] == recipients
    (author,) = message["From"].addresses
    assert (author.display_name, author.addr_spec) == ("Papers Grün", "papers@example.org"), author
    assert message["Reply-To"].addresses[0].addr_spec == "editors@example.org"
    assert message["Subject"].startswith("6 papers: Paper ") and "α-divergence" in message["Subject"], message["Subject"]
    assert message["Date"].datetime is not None
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.get_content_type() == "multipart/alternative"
    plain, html = list(message.iter_parts())
    for part, kind in ((plain, "text/plain"), (html, "text/html")):
        assert part.get_content_type() == kind and not part.defects
        assert part.get_content_charset() == "utf-8"
    assert "<b>" in plain.get_content() and "<b>" not in html.get_content()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    return message["Message-ID"]


def one_round(ca, ca_file, key_file, record):
    """Through a server of its own; which key signs is all that differs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    port, box = free_port(), Mailbox()
    controller = Controller(
        box, hostname="localhost", port=port, tls_context=context, require_starttls=True, auth_required=True, authenticator=login
    )
    controller.start()
    try:
        config = DATA / "broadsheet.toml"
        # Without the authority nobody vouches for the server: nothing is said to it.
        config.write_text(settings(port, "", key_file, PASSWORD))
        said = digest(1)
        assert "encrypt" in said, said
        config.write_text(settings(port, ca_file, key_file, "wrong"))
        said = digest(1)
        assert "cannot log in" in said, said
        assert box.messages == []
        config.write_text(settings(port, ca_file, key_file, PASSWORD))
        said = digest(0)
        assert f"{READERS} sent" in said, said
        assert len(box.messages) == READERS
        ids = {check(*message, record) for message in box.messages}
        assert len(ids) == READERS, "every message has an id of its own"
        digest(0)
        assert len(box.messages) == READERS, "nothing comes twice"
    finally:
        controller.stop()


def keys(folder):
    """An RSA key as PEM and an Ed25519 key in base64, with the records that DNS would have."""
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "rsa.pem").write_bytes(pem)
    return folder / "rsa.pem", b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def main():
    folder = DATA.parent
    ca = trustme.CA()
    ca_file = folder / "ca.pem"
    ca.cert_pem.write_to_path(ca_file)
    one_round(ca, ca_file, *keys(folder))
    # The other kind of key, in a preview: what is printed is signed as what is sent.
    private = ed25519.Ed25519PrivateKey.generate()
    seed = private.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    (folder / "ed25519.key").write_text(base64.b64encode(seed).decode() + "\n")
    text = (DATA / "broadsheet.toml").read_text().replace("rsa.pem", "ed25519.key")
    (DATA / "broadsheet.toml").write_text(text)
    ran = subprocess.run(
        [PROGRAM, "--data", DATA, "digest", "--dry-run", "--for", "stranger@example.org"],
        capture_output=True,
        check=True,
        env=ENVIRONMENT,
    )
    # The message, and an empty line after it that is not part of it.
    printed = ran.stdout.removesuffix(b"\n").replace(b"\n", b"\r\n")
    record = b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)
    # The names of what is verified come from the signature, so the preview's address does not matter.
    assert dkim.verify(printed, dnsfunc=lambda name, timeout=5: record), "the preview's signature"


main()

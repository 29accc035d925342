"""A mail server on a free port of the loopback address, and the connection with which Airflow sends to it."""

from __future__ import annotations

import json
import queue
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

SENDER = "airflow@example.com"


class SmtpServer(socketserver.ThreadingTCPServer):
    """Keeps every mail in ``mails``, in the order of arrival."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: queue.Queue[EmailMessage] = queue.Queue()

    @property
    def connection_json(self) -> str:
        """An Airflow connection of type ``smtp``."""
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": SENDER}
        host, port = self.server_address[:2]
        return json.dumps({"conn_type": "smtp", "host": host, "port": port, "extra": extra})


class _Session(socketserver.StreamRequestHandler):
    server: SmtpServer

    def handle(self) -> None:
        self._reply("220 ready")
        for line in self.rfile:
            command = line.split(maxsplit=1)[0].upper() if line.strip() else b""
            if command == b"DATA":
                self._reply("354 go ahead")
                self.server.mails.put(self._read_mail())
            self._reply("221 bye" if command == b"QUIT" else "250 ok")
            if command == b"QUIT":
                return

    def _read_mail(self) -> EmailMessage:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        content = b"".join(line.removeprefix(b".") for line in lines)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    def _reply(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def smtp_server() -> Iterator[SmtpServer]:
    """Receive mails until the end of the block."""
    with SmtpServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

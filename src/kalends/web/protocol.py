"""What cannot even be read as HTTP gets our shape of an error too."""

import secrets

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kalends.domain.errors import BadRequest
from kalends.web.errors import error_body


class Protocol(HttpToolsProtocol):
    """uvicorn's own, but for how it refuses what is no HTTP."""

    def send_400_response(self, msg: str) -> None:
        """Answers 400 and closes, since where the next request begins is unknown."""
        request_id = secrets.token_hex(8)
        body = error_body(BadRequest(msg), request_id)
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

"""What cannot even be read as HTTP gets our shape of an error too; what goes on ends with us."""

import secrets
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kalends.domain.errors import BadRequest
from kalends.web.errors import error_body

# In the scope of a request whose answer goes on until somebody ends it.
GOES_ON: Final = "kalends.goes_on"


class Protocol(HttpToolsProtocol):
    """uvicorn's own, but for how it refuses what is no HTTP, and how it ends what goes on."""

    def shutdown(self) -> None:
        """Waits for answers, but not for those that would never end: their clients come back."""
        super().shutdown()
        if self.cycle is not None and self.cycle.scope.get(GOES_ON):
            self.transport.close()

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

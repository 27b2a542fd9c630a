"""Google Meet of the tests: calls are asked for by an id, and made when they were looked at."""

from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]


@dataclass
class FakeCalls:
    """`looks` is how often a call is looked at before it is there; `fails` that it never is."""

    looks: int = 0
    fails: bool = False
    requests: list[str] = field(default_factory=list)

    def asked_for(self, event: JSON, body: JSON, query: dict[str, str]) -> JSON:
        """What is changed of the event. Without `conferenceDataVersion` its call is not touched,
        and a request under an id that is known is passed over."""
        change = {name: value for name, value in body.items() if name != "conferenceData"}
        request = (body.get("conferenceData") or {}).get("createRequest")
        if request is None or query.get("conferenceDataVersion") != "1":
            return change
        assert request["conferenceSolutionKey"] == {"type": "hangoutsMeet"}
        before = event.get("conferenceData", {}).get("createRequest", {})
        if before.get("requestId") == request["requestId"]:
            return change
        self.requests.append(request["requestId"])
        data = {"createRequest": {**request, "status": {"statusCode": "pending"}}}
        call = {**event, "conferenceData": data, "looks": self.looks}
        made = self._made(call)
        return change | {name: made[name] for name in MADE if name in made}

    def looked_at(self, event: JSON) -> JSON:
        """It is there after some looks."""
        if event.get("looks"):
            event["looks"] -= 1
            event |= self._made(event)
        return {name: value for name, value in event.items() if name != "looks"}

    def _made(self, event: JSON) -> JSON:
        if event["looks"]:
            return event
        request = event["conferenceData"]["createRequest"]
        status = "failure" if self.fails else "success"
        data: JSON = {"createRequest": {**request, "status": {"statusCode": status}}}
        if self.fails:
            return {**event, "conferenceData": data}
        url = f"https://meet.google.example/{request['requestId'][:10]}"
        data |= {"entryPoints": [{"entryPointType": "video", "uri": url}]}
        return {**event, "conferenceData": data, "hangoutLink": url}


MADE = ("conferenceData", "hangoutLink", "looks")

"""Shows a mail as it looks, in a frame within a page of the console that cannot run scripts.

A frame inherits the Content-Security-Policy of its page, which forbids inline styles. So the policy
of such a page allows each style of this one mail.
"""

from dataclasses import replace

from kalends.runtime.mails.previews import Preview
from kalends.runtime.unit_of_work import Context
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.safety import styles_in


def mail_in_frame(shown: Preview, context: Context) -> str:
    """The mail as HTML for the frame. Its picture is loaded from the server that shows the page,
    whose address may differ from the one in mails."""
    return shown.html.replace(f'src="{context.gateways.public_url}/', 'src="/')


def page_with_mail(page: PageAnswer, mail: str | None) -> PageAnswer:
    """The page with a policy that allows the mail's styles; unchanged if there is no mail."""
    return page if mail is None else replace(page, inline_styles=styles_in(mail))

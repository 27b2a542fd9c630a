"""A mail in a page of the console as it looks, in a frame that runs nothing.

A frame takes over the policy of its page, which forbids styles in the page itself: so that page
names each style of this very mail.
"""

from dataclasses import replace

from kalends.runtime.mails.previews import Preview
from kalends.runtime.unit_of_work import Context
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.safety import styles_in


def mail_in_frame(shown: Preview, context: Context) -> str:
    """The mail as HTML for the frame: its picture comes from this very server, which may be open at
    another address than the one that is in mail."""
    return shown.html.replace(f'src="{context.gateways.public_url}/', 'src="/')


def page_with_mail(page: PageAnswer, mail: str | None) -> PageAnswer:
    """The page, in whose frame the mail may have its styles; None is a page without."""
    return page if mail is None else replace(page, inline_styles=styles_in(mail))

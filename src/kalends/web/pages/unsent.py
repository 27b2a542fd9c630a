"""Unsent forms: a form that is posted after its session has ended is kept for its user, who finds
it again after the next sign-in, with what was typed, and can save it then.

It is only kept if it has our stamp (`form_stamps.py`), so that another site cannot plant a text in
somebody's form; and it is only shown to its user.
"""

from contextlib import suppress
from typing import Final
from urllib.parse import quote
from uuid import UUID

from kalends.domain.errors import Forbidden, Invalid, KalendsError, TooLarge
from kalends.runtime import unit_of_work
from kalends.services.users import unsent_forms
from kalends.services.users.unsent_forms import Typed
from kalends.web.http.sign_ins import ANONYMOUS, SAFE_METHODS
from kalends.web.pages.form_stamps import stamped_user, uuid_in
from kalends.web.pages.forms import FormFields
from kalends.web.pages.request import TOKEN_FIELD, PageRequest

UNSENT: Final = "unsent"
# Fields for secrets, by the last part of their names, which are never kept.
SECRET_FIELDS: Final = frozenset({"password", "client_secret", "apiKey", "webhookSecret"})


def unsent_in(request: PageRequest) -> UUID | None:
    """The id of the unsent form that the request asks for, if it does. Raises Invalid."""
    has_query = f"{UNSENT}=".encode() in request.scope["query_string"]
    if not has_query or request.scope["method"] not in SAFE_METHODS:
        return None
    return uuid_in(request.query.get(UNSENT, ""))


async def keep_unsent(request: PageRequest) -> str | None:
    """Keeps the posted form, and returns the path where its user finds it.

    None if the form is not ours, belongs to another than the signed-in user, is empty or too large,
    or has files.
    """
    form = await _form_of(request)
    context, caller = request.context, request.caller
    user_id = stamped_user(context.seal, request.token_in(form).stamp, context.clock())
    typed = typed_in(form)
    if user_id is None or caller.user_id not in (None, user_id) or not typed:
        return None
    path = request.scope["path"]
    keep = unsent_forms.keep_form
    form_id = await unit_of_work.change(context, ANONYMOUS, keep, user_id, path, typed)
    return None if form_id is None else f"{quote(path)}?{UNSENT}={form_id.hex}"


async def find_unsent(request: PageRequest, form_id: UUID) -> FormFields | None:
    """The unsent form of the signed-in user for this path."""
    typed = await request.read(
        unsent_forms.find_form, request.user_id, form_id, request.scope["path"]
    )
    return None if typed is None else FormFields(typed)


async def forget_unsent(request: PageRequest) -> None:
    """Deletes the unsent form that the posted form's page had shown again. If that fails, the post
    is saved all the same, and what was kept is deleted within the hour."""
    if request.scope["method"] in SAFE_METHODS or request.caller.user_id is None:
        return
    form_id = request.token_in(await request.form()).unsent_id
    if form_id is not None:
        path = request.scope["path"]
        with suppress(KalendsError):
            await request.change(unsent_forms.forget_form, request.user_id, form_id, path)


def typed_in(form: FormFields) -> Typed:
    """The fields that may be kept; empty if no field has a text."""
    kept = [name for name in form if name != TOKEN_FIELD and not _is_secret(name)]
    pairs = [(name, value) for name in kept for value in form.all_of(name)]
    return pairs if any(value.strip() for _, value in pairs) else ()


def _is_secret(name: str) -> bool:
    return name.rpartition(".")[2] in SECRET_FIELDS


async def _form_of(request: PageRequest) -> FormFields:
    """The posted form; empty if it is from another site, or of a kind that we do not keep."""
    try:
        request.page_context.sessions.admit_anyone(request.scope, request.headers)
        return await request.read_unchecked()
    except (Forbidden, Invalid, TooLarge):
        return FormFields([])

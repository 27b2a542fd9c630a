"""What the pages say that set a password by link."""

from typing import Final

WORDS: Final = {
    "account.email": "E-mail address",
    "account.password": "New password",
    "account.password.hint": "At least {shortest} characters. A few unrelated words are good.",
    "account.password.wrong": "It must have {shortest} to {longest} characters.",
    "account.sign_in": "To the sign-in",
    "reset.title": "Choose a new password",
    "reset.ask.lead": "Tell us the e-mail address that you sign in with. We send a link to it.",
    "reset.ask.send": "Send the link",
    "reset.ask.wrong": "This is no e-mail address, such as john@example.com.",
    "reset.sent.title": "Look into your mail",
    "reset.sent.text": "If somebody signs in here with that address, a link is on its way to it. "
    "It works for one hour, once.",
    "reset.sent.again": "Nothing there after some minutes? Look for it among unwanted mail, or "
    "try again with another address.",
    "reset.set.lead": "For {email}. You will be signed out everywhere else.",
    "reset.set.save": "Save the password",
    "reset.done.title": "Your password is set",
    "reset.done.text": "Please sign in with it. All sessions from before have ended.",
    "invitation.title": "Welcome to {organization}",
    "invitation.lead": "Choose a password for {email}. With both you sign in from now on.",
    "invitation.accept": "Save and sign in",
    "invitation.known": "You now belong to {organization}. You have a password here already: "
    "please sign in with it, as {email}.",
    "invitation.done.title": "You are signed in",
    "invitation.done.text": "You belong to {organization} now.",
    "invitation.done.go": "To the console",
    "account.ended.title": "This link works no more",
    "account.ended.text": "It has been used, or has expired. A new one is quickly made.",
    "account.ended.invitation": "It has been used, or has expired. Sign in if you have a password "
    "already; else ask the one who invited you for a new invitation.",
    "account.ended.again": "Send a new link",
}

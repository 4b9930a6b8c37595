"""The form in which somebody logs in: what is typed is in no trait, ever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from okxlab.errors import OkxlabError
from okxlab.protocol.auth import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LoginForm"]

_TYPED: Final = ("api_key", "secret_key", "passphrase")


class LoginForm(anywidget.AnyWidget):
    """Fields for key, secret and passphrase, and a button that sends them.

    Its state, which notebooks save, has what is shown and nothing that was typed:
    the three texts leave the page in one message when the form is sent.

    Parameters
    ----------
    log_in
        Called with the credentials; what it raises is said in words.
    place
        Name of the environment.
    is_live
        Whether real money is there, which is said in big letters.
    """

    _esm = Path(__file__).parent / "login_form.js"

    place = traitlets.Unicode().tag(sync=True)
    is_live = traitlets.Bool(False).tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, log_in: Callable[[Credentials], None], *, place: str, is_live: bool
    ) -> None:
        super().__init__(place=place, is_live=is_live)
        self._log_in = log_in
        self.on_msg(self._hear)

    def _hear(self, _: object, content: Any, __: object) -> None:
        try:
            self._log_in(_credentials(content))
        except (OkxlabError, ValueError, OSError) as error:
            self.said = f"not logged in: {error}"
        else:
            self.said = f"logged in to {self.place}"


def _credentials(content: Any) -> Credentials:
    """Return what a message of the page asks to log in with."""
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind == "environment":
        return Credentials.from_env()
    if kind == "keyring":
        return Credentials.from_keyring()
    if kind != "typed":
        raise ValueError("the page has sent something that is no login")
    texts = [str(content.get(name, "")).strip() for name in _TYPED]
    if not all(texts):
        raise ValueError("key, secret and passphrase are all needed")
    return Credentials(*texts)

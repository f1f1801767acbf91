"""Whose request it is, without the name: a provider can tell users apart, and not who they are."""

from __future__ import annotations

import getpass
import hashlib
import hmac
import os

#: Set by JupyterHub for each user's server.
_VARIABLE = "JUPYTERHUB_USER"
#: Hexadecimal digits; DeepSeek takes 512 bytes, and others 64.
_LENGTH = 32


def hashed_name(salt: str) -> str:
    """Return the hash of this user's name.

    Who knows the salt and a list of names can find the name, so the salt is not for the provider.

    Args:
        salt: a text that is mixed in, of those who make the rules.
    """
    name = os.environ.get(_VARIABLE, "").strip()
    if not name:
        try:
            name = getpass.getuser()
        except (OSError, KeyError, ImportError):
            # In a container, a user may have a number and no name.
            name = f"uid {os.getuid()}" if hasattr(os, "getuid") else ""
    return hmac.new(salt.encode(), name.encode(), hashlib.sha256).hexdigest()[:_LENGTH]

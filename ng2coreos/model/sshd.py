"""How sshd tells what it would do: the same question on NG and on the new system."""

from typing import Tuple

# The whole path: before OpenSSH 9.8 it refuses to run by another name.  With -C also a
# configuration with Match blocks has an answer, whatever they ask for.
EFFECTIVE = ("/usr/sbin/sshd", "-T", "-C",
             "user=root,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22")
# Words of one meaning, one of which each release prints
_SAME = {"prohibit-password": "without-password"}


def readable(text: str) -> Tuple[str, ...]:
    """The lines of an answer, keyword first, each word as every release would print it."""
    lines = (line.split() for line in text.splitlines() if line.strip())
    return tuple(" ".join([keyword.lower(), *(_SAME.get(word, word) for word in words)])
                 for keyword, *words in lines)

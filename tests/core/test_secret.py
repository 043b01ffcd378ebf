"""A secret does not print."""

from ng2coreos.core.secret import Secret


def test_no_way_of_printing_shows_it() -> None:
    secret = Secret("canary")
    for shown in (str(secret), repr(secret), f"{secret}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert "canary" not in shown
    assert secret.reveal() == "canary"
    assert secret == Secret("canary")

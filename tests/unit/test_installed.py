"""What the doctor says of the packages that are installed."""

from importlib.metadata import PackageNotFoundError

import pytest

from okxlab.lab.installed import installed


def packages(**versions):
    """Return how to find packages of these versions and no others."""

    def find(name):
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    return find


def test_what_is_there_is_well():
    """The packages of this machine, which runs these tests, need no care."""
    found = installed("aiofastnet")

    assert {one.verdict for one in found} == {"ok"}
    assert "pandas 3" in found[0].text
    assert found[0].text.startswith("python 3.")


def test_what_is_not_installed_is_named():
    """Charts and kernels are optional."""
    found = installed("aiofastnet", packages(okxlab="1.0", pandas="3.0.1"))

    assert "okxlab 1.0, pandas 3.0.1; not installed:" in found[0].text
    assert "ipykernel" in found[0].text.partition("not installed")[2]


@pytest.mark.parametrize(
    ("versions", "tls", "subject", "verdict"),
    [
        ({"pandas": "2.3.3"}, "aiofastnet", "pandas", "problem"),
        ({"ipykernel": "7.0.1"}, "aiofastnet", "ipykernel", "warning"),
        ({}, "stock: no aiofastnet here", "TLS", "warning"),
    ],
)
def test_what_needs_care_comes_with_advice(versions, tls, subject, verdict):
    """Old pandas, the one broken ipykernel, TLS that starves."""
    found = installed(tls, packages(**versions))

    ill = [one for one in found if one.verdict != "ok"]
    assert [(one.subject, one.verdict) for one in ill] == [(subject, verdict)]
    assert ill[0].advice


@pytest.mark.parametrize("number", ["6.29.5", "7.1.0", "7.10.0", ""])
def test_other_kernels_are_fine(number):
    """Only 7.0 is broken, not what merely begins like it."""
    found = installed("aiofastnet", packages(ipykernel=number))

    assert {one.verdict for one in found} == {"ok"}

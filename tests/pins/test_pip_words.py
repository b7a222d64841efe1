"""What pip's messages mean."""

from scripts.pins import pip_words

REFUSED = "  WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError('Cannot connect.')': /simple/\n"
NONE = "  ERROR: Could not find a version that satisfies the requirement quart==0.13.1 (from versions: none)\n"
SOME = "  ERROR: Could not find a version that satisfies the requirement quart==9 (from versions: 0.13.1, 0.14.0)\n"


def test_a_broken_connection_is_no_network() -> None:
    """An index that could not be asked is no index without the release."""
    assert "no network" in pip_words.no_network(REFUSED + NONE)
    assert pip_words.no_release(REFUSED + NONE) == ""


def test_a_connection_that_held_at_the_second_try_is_a_network() -> None:
    """Where the index listed other releases in the end, the missing one is what went wrong."""
    once = REFUSED.replace("total=0", "total=1")
    assert pip_words.no_network(once + SOME) == ""
    assert pip_words.no_release(once + SOME) == "quart==9"


def test_another_index_does_not_hide_a_missing_network() -> None:
    """Releases from one index say nothing of another that was asked in vain to the last try."""
    assert "no network" in pip_words.no_network(REFUSED + SOME)
    assert pip_words.no_release(REFUSED + SOME) == ""


def test_an_unknown_package_is_a_missing_release() -> None:
    """An index that answers but lists nothing has no such package."""
    assert pip_words.no_release(NONE) == "quart==0.13.1"


def test_a_certificate_that_is_not_trusted_is_said_so() -> None:
    """A refused certificate is told apart from a missing network."""
    said = (
        REFUSED.replace("ProxyError", "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]") + NONE
    )
    assert "certificate" in pip_words.no_network(said)


def test_a_conflict_is_said_with_whose_wish_it_is() -> None:
    """Of requirements that exclude each other, each is named once, with the release that has it."""
    wish = "RequirementInformation(requirement=SpecifierRequirement('h11<0.10,>=0.8'), parent="
    parent = "LinkCandidate('address/uvicorn-0.11.8-py3-none-any.whl (from an index)'))"
    said = f"ResolutionImpossible: [{wish}{parent}, {wish}{parent}, {wish}None)]\n"
    assert pip_words.conflict(said) == (
        "no releases fit together for h11<0.10,>=0.8 and h11<0.10,>=0.8 (of uvicorn-0.11.8)"
    )
    assert pip_words.conflict(SOME) == ""
